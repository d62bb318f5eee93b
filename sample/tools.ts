import type { Random } from './random.ts';

/** A tool used by the sample's agents. */
export interface Tool {
  readonly name: string;
  readonly medianMs: number;
  /** Length of the latency tail. */
  readonly sigma: number;
  readonly failureShare: number;
  readonly externalApi?: string;
  readonly costUsd?: number;
  input(random: Random): Record<string, unknown>;
}

const words = ['refund', 'invoice', 'onboarding', 'latency', 'schedule', 'contract', 'grammar', 'release'] as const;
const topic = (random: Random) => random.pick(words);
const number = (random: Random, digits: number) => String(random.whole(10 ** (digits - 1), 10 ** digits - 1));

const toolList: readonly Tool[] = [
  tool('search_knowledge_base', 180, 0.5, 0.008, (r) => ({ query: `${topic(r)} policy`, limit: 5 })),
  tool('vector_search', 95, 0.45, 0.006, (r) => ({ query: topic(r), top_k: r.whole(3, 12) })),
  tool('web_search', 850, 0.6, 0.03, (r) => ({ query: `${topic(r)} best practice` }), 'api.search.example', 0.005),
  tool('fetch_page', 1200, 0.9, 0.05, (r) => ({ url: `https://docs.example.com/${topic(r)}` }), 'docs.example.com'),
  tool('read_file', 40, 0.4, 0.004, (r) => ({ path: `src/${topic(r)}.ts` })),
  tool('write_file', 55, 0.4, 0.006, (r) => ({ path: `src/${topic(r)}.ts`, bytes: r.whole(200, 9000) })),
  tool('run_tests', 9500, 0.7, 0.09, (r) => ({ suite: topic(r) })),
  tool('run_python', 1600, 0.8, 0.06, (r) => ({ lines: r.whole(3, 60) })),
  tool('sql_query', 320, 1.0, 0.03, (r) => ({ table: topic(r), rows_limit: 500 })),
  tool('plot_chart', 700, 0.4, 0.015, (r) => ({ kind: r.pick(['line', 'bar', 'area']) })),
  tool('lookup_order', 210, 0.4, 0.01, (r) => ({ order_id: `A-${number(r, 6)}` }), 'orders.example.com'),
  tool('refund_payment', 1100, 0.5, 0.04, (r) => ({ order_id: `A-${number(r, 6)}` }), 'api.payments.example', 0.01),
  tool('create_ticket', 380, 0.4, 0.012, (r) => ({ subject: topic(r) }), 'tickets.example.com'),
  tool('send_email', 450, 0.5, 0.02, (r) => ({ template: topic(r) }), 'mail.example.com', 0.0004),
  tool('crm_lookup', 290, 0.5, 0.015, (r) => ({ account: number(r, 5) }), 'crm.example.com'),
  tool('calendar_find_slot', 330, 0.4, 0.012, (r) => ({ minutes: r.pick([15, 30, 45, 60]) }), 'calendar.example.com'),
  tool(
    'translate_text',
    520,
    0.4,
    0.01,
    (r) => ({ to: r.pick(['de', 'fr', 'ja', 'pt']) }),
    'api.translate.example',
    0.0012,
  ),
  tool('check_grammar', 260, 0.35, 0.005, (r) => ({ characters: r.whole(80, 2400) })),
  tool('read_metrics', 410, 0.7, 0.02, (r) => ({ service: topic(r), minutes: 30 }), 'metrics.example.com'),
  tool('extract_text_from_image', 1900, 0.5, 0.04, (r) => ({ pages: r.whole(1, 6) }), 'api.vision.example', 0.0015),
];

export const tools: ReadonlyMap<string, Tool> = new Map(toolList.map((one) => [one.name, one]));

/** @throws Error if the sample refers to a tool that it does not define */
export function toolOf(name: string): Tool {
  const found = tools.get(name);
  if (!found) throw new Error(`the sample has no tool ${name}`);
  return found;
}

function tool(
  name: string,
  medianMs: number,
  sigma: number,
  failureShare: number,
  input: Tool['input'],
  externalApi?: string,
  costUsd?: number,
): Tool {
  return {
    name,
    medianMs,
    sigma,
    failureShare,
    input,
    ...(externalApi === undefined ? {} : { externalApi }),
    ...(costUsd === undefined ? {} : { costUsd }),
  };
}
