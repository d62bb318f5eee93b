import { type Fact, facts } from '../../facts/index.ts';
import { rawSource } from './raw.ts';
import type { ReportSource } from './source.ts';
import { userActivitySource } from './user-activity.ts';

/** The fact behind each raw report; `error_logs` is the first system's name for the errors. */
const RAW_REPORTS: ReadonlyMap<string, Fact> = new Map([
  ['executions', facts.executions],
  ['events', facts.events],
  ['ai_usage', facts.ai_usage],
  ['tool_usages', facts.tool_usages],
  ['sessions', facts.sessions],
  ['errors', facts.errors],
  ['error_logs', facts.errors],
]);

const USER_ACTIVITY = 'user_activity';

/** Reports whose rows name users. */
export const USER_ROW_REPORTS: readonly string[] = [...RAW_REPORTS.keys(), USER_ACTIVITY];

export const REPORT_TYPES: readonly string[] = [...USER_ROW_REPORTS];

export const REPORT_FORMATS = ['csv', 'json', 'xlsx'] as const;

/** The fact that a raw report shows; null for any other report. */
export function rawReportFact(reportType: string): Fact | null {
  return RAW_REPORTS.get(reportType) ?? null;
}

/** @throws Error for a type that the API would not have taken */
export function reportSource(reportType: string): ReportSource {
  if (reportType === USER_ACTIVITY) return userActivitySource;
  const fact = rawReportFact(reportType);
  if (!fact) throw new Error(`There is no report type ${reportType}`);
  return rawSource(fact);
}
