import { FINISHED_MONTH } from './base-data.ts';
import type { ReportWish } from './report.ts';

const wish = (name: string, report_type: string, filters: Partial<ReportWish['parameters']> = {}): ReportWish => ({
  name,
  report_type,
  parameters: { ...FINISHED_MONTH, ...filters },
});

/** One report of each kind that is written differently: joined, filtered, with counts of other facts. */
export const WISHES = {
  executions: wish('executions', 'executions'),
  aiUsage: wish('ai usage', 'ai_usage'),
  events: wish('events', 'events'),
  /** Filtered through the executions that the tool usages belong to. */
  toolUsages: wish('tool usages of some agents', 'tool_usages', {
    agent_ids: ['order-desk', 'test-fixer', 'review-buddy'],
  }),
  sessions: wish('sessions', 'sessions'),
} as const;

export type Wish = keyof typeof WISHES;
