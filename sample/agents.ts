/** Tasks, tools and behaviour of one kind of agent. */
interface Craft {
  readonly type: string;
  readonly feature: string;
  readonly tools: readonly [string, ...string[]];
  readonly tasks: readonly [string, ...string[]];
  /** Probability of another round of tools after each round. */
  readonly persistence: number;
  readonly promptTokens: number;
}

const support: Craft = {
  type: 'support',
  feature: 'chat',
  tools: ['search_knowledge_base', 'lookup_order', 'refund_payment', 'create_ticket', 'send_email'],
  tasks: ['Where is my order?', 'Refund a double payment', 'Change the delivery address', 'Cancel a subscription'],
  persistence: 0.5,
  promptTokens: 2600,
};
const research: Craft = {
  type: 'research',
  feature: 'research',
  tools: ['web_search', 'fetch_page', 'vector_search', 'extract_text_from_image'],
  tasks: ['Compare three suppliers', 'Summarise the latest papers', 'Find the source of a claim'],
  persistence: 0.7,
  promptTokens: 6800,
};
const coding: Craft = {
  type: 'coding',
  feature: 'coding',
  tools: ['read_file', 'write_file', 'run_tests', 'run_python'],
  tasks: ['Fix a failing test', 'Review a pull request', 'Explain a stack trace', 'Write a migration'],
  persistence: 0.72,
  promptTokens: 9200,
};
const data: Craft = {
  type: 'data',
  feature: 'analysis',
  tools: ['sql_query', 'run_python', 'plot_chart', 'read_file'],
  tasks: ['Revenue by region', 'Why did conversion drop?', 'Forecast next month', 'Clean up a spreadsheet'],
  persistence: 0.6,
  promptTokens: 4200,
};
const tutor: Craft = {
  type: 'tutor',
  feature: 'tutoring',
  tools: ['check_grammar', 'translate_text', 'vector_search'],
  tasks: ['Practise a dialogue', 'Correct my essay', 'Explain the subjunctive', 'Prepare an exam'],
  persistence: 0.35,
  promptTokens: 1800,
};
const sales: Craft = {
  type: 'sales',
  feature: 'chat',
  tools: ['crm_lookup', 'calendar_find_slot', 'send_email', 'web_search'],
  tasks: ['Qualify a lead', 'Prepare a call', 'Follow up on an offer'],
  persistence: 0.45,
  promptTokens: 2200,
};
const operations: Craft = {
  type: 'operations',
  feature: 'operations',
  tools: ['read_metrics', 'sql_query', 'create_ticket', 'search_knowledge_base'],
  tasks: ['Triage an alert', 'Write a post-mortem', 'Check a deployment'],
  persistence: 0.6,
  promptTokens: 5100,
};

/** An agent of the sample. */
export interface Agent extends Craft {
  readonly id: string;
  readonly name: string;
  readonly model: string;
  /** Fallback after a permanent failure of the first model. */
  readonly fallbackModel: string;
  readonly tags: readonly string[];
  /** Share of the work. */
  readonly share: number;
  /** Probability of a failure that is not caused by its tools or models. */
  readonly failureShare: number;
}

/** The agents of the sample's platform. A few do most of the work, and one or two fail more often. */
export const agents: readonly Agent[] = [
  agent(support, 'Order Desk', 'gpt-4o-mini', 16, 0.02, ['tier-1', 'production']),
  agent(support, 'Refund Desk', 'gpt-5-mini', 8, 0.035, ['tier-1', 'production']),
  agent(support, 'Billing Helper', 'claude-haiku-4-5', 7, 0.025, ['tier-1', 'production']),
  agent(support, 'Account Recovery', 'gpt-4.1', 3, 0.05, ['tier-2', 'production']),
  agent(support, 'Night Shift', 'llama-3.3-70b-versatile', 2, 0.07, ['tier-1', 'experiment']),
  agent(research, 'Market Scout', 'gemini-2.5-pro', 5, 0.03, ['production']),
  agent(research, 'Paper Digest', 'claude-sonnet-4-5', 4, 0.025, ['production']),
  agent(research, 'Fact Checker', 'gpt-5', 3, 0.04, ['production']),
  agent(research, 'Patent Reader', 'claude-opus-4-1', 1, 0.03, ['experiment', 'costly']),
  agent(coding, 'Review Buddy', 'claude-sonnet-4-5', 6, 0.03, ['engineering', 'production']),
  agent(coding, 'Test Fixer', 'gpt-5', 5, 0.08, ['engineering', 'production']),
  agent(coding, 'Migration Smith', 'claude-opus-4-1', 1.5, 0.06, ['engineering', 'costly']),
  agent(coding, 'Doc Writer', 'gemini-2.5-flash', 3, 0.015, ['engineering', 'production']),
  agent(data, 'Number Cruncher', 'gpt-4.1', 5, 0.04, ['analytics', 'production']),
  agent(data, 'Chart Maker', 'gpt-5-mini', 4, 0.02, ['analytics', 'production']),
  agent(data, 'Forecast Owl', 'deepseek-chat', 2, 0.13, ['analytics', 'experiment']),
  agent(data, 'Sheet Cleaner', 'mistral-large-latest', 2, 0.03, ['analytics', 'production']),
  agent(tutor, 'English Coach', 'gpt-4o-mini', 9, 0.01, ['education', 'production']),
  agent(tutor, 'French Coach', 'mistral-large-latest', 4, 0.012, ['education', 'production']),
  agent(tutor, 'Japanese Coach', 'gemini-2.5-flash', 4, 0.015, ['education', 'production']),
  agent(tutor, 'Essay Mentor', 'claude-haiku-4-5', 4, 0.015, ['education', 'production']),
  agent(sales, 'Lead Finder', 'gpt-5-mini', 4, 0.03, ['revenue', 'production']),
  agent(sales, 'Call Prep', 'gemini-2.5-flash', 3, 0.02, ['revenue', 'production']),
  agent(sales, 'Renewal Watch', 'gpt-4.1', 2, 0.03, ['revenue', 'production']),
  agent(operations, 'Alert Triage', 'claude-haiku-4-5', 5, 0.035, ['platform', 'production']),
  agent(operations, 'Deploy Watch', 'gpt-5-mini', 3, 0.03, ['platform', 'production']),
  agent(operations, 'Post-mortem Scribe', 'claude-sonnet-4-5', 1, 0.02, ['platform', 'production']),
];

/** Agents that can play a language scenario. */
export const coaches: readonly Agent[] = agents.filter(({ type, name }) => type === 'tutor' && name.endsWith('Coach'));

function agent(
  craft: Craft,
  name: string,
  model: string,
  share: number,
  failureShare: number,
  tags: readonly string[],
): Agent {
  const fallbackModel = model === 'gpt-4o-mini' ? 'claude-haiku-4-5' : 'gpt-4o-mini';
  return {
    ...craft,
    id: name.toLowerCase().replaceAll(' ', '-'),
    name,
    model,
    fallbackModel,
    share,
    failureShare,
    tags,
  };
}
