import { z } from 'zod';
import { label } from '../wire.ts';

const names = () => z.array(label()).max(100, 'holds at most 100 names');

/**
 * What counts as what: for each counter the names of events, and for `grammar_check_features` those of AI features. A
 * counter without names counts nothing.
 */
export const usageCountersSchema = z.strictObject({
  login: names(),
  message: names(),
  file_upload: names(),
  page_view: names(),
  conversation_started: names(),
  conversation_ended: names(),
  scenario_started: names(),
  scenario_completed: names(),
  quiz: names(),
  grammar_check: names(),
  grammar_check_features: names(),
  agent_created: names(),
});

export type UsageCounters = z.output<typeof usageCountersSchema>;

/** The events that have a meaning of their own, until an organisation says otherwise. */
export const DEFAULT_USAGE_COUNTERS: UsageCounters = {
  login: ['login'],
  message: ['message_sent'],
  file_upload: ['file_uploaded'],
  page_view: ['page_view'],
  conversation_started: ['conversation_started'],
  conversation_ended: ['conversation_ended'],
  scenario_started: ['scenario_started'],
  scenario_completed: ['scenario_completed'],
  quiz: ['quiz_taken'],
  grammar_check: [],
  grammar_check_features: ['grammar', 'grammar_check'],
  agent_created: ['agent_created'],
};

/** The counters in force: what an organisation has chosen, and the default for the others. */
export function usageCounters(chosen: Partial<UsageCounters>): UsageCounters {
  const named = Object.entries(chosen).filter(([, value]) => value !== undefined);
  return { ...DEFAULT_USAGE_COUNTERS, ...Object.fromEntries(named) };
}
