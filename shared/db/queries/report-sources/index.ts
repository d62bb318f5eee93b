import type { Fact } from '../../../facts/definition.ts';
import { facts } from '../../../facts/index.ts';
import { rawSource } from './raw.ts';
import type { ReportSource } from './source.ts';

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

export const REPORT_TYPES: readonly string[] = [...RAW_REPORTS.keys()];

export const REPORT_FORMATS = ['csv'] as const;

/** The fact that a raw report shows; null for a type that there is not. */
export function rawReportFact(reportType: string): Fact | null {
  return RAW_REPORTS.get(reportType) ?? null;
}

/** @throws Error for a type that the API would not have taken */
export function reportSource(reportType: string): ReportSource {
  const fact = rawReportFact(reportType);
  if (!fact) throw new Error(`There is no report type ${reportType}`);
  return rawSource(fact);
}
