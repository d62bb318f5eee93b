import { FINISHED_MONTH } from './base-data.ts';
import type { ReportRequest } from './report.ts';

const request = (
  name: string,
  report_type: string,
  filters: Partial<ReportRequest['parameters']> = {},
): ReportRequest => ({
  name,
  report_type,
  parameters: { ...FINISHED_MONTH, ...filters },
});

/** One report of each kind that is written differently: joined, filtered, with counts of other facts. */
export const REQUESTS = {
  executions: request('executions', 'executions'),
  aiUsage: request('ai usage', 'ai_usage'),
  events: request('events', 'events'),
  /** Filtered through the executions that the tool usages belong to. */
  toolUsages: request('tool usages of some agents', 'tool_usages', {
    agent_ids: ['order-desk', 'test-fixer', 'review-buddy'],
  }),
  sessions: request('sessions', 'sessions'),
} as const;

export type RequestName = keyof typeof REQUESTS;
