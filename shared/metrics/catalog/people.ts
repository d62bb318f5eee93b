import type { Metric, UsageCounter } from '../definition.ts';
import { metricsOf } from './build.ts';

const events = metricsOf('events');
const counted = (name: string, counter: UsageCounter, aliases: readonly string[], description: string) =>
  events.sum(
    name,
    'count',
    { aliases, description: `${description} The organisation settings define which events count.` },
    counter,
  );

export const eventMetrics: readonly Metric[] = [
  events.sum('count', 'count', { aliases: ['event_count', 'total_events'], description: 'Events.' }),
  events.mean('avg_duration_ms', 'duration_ms', {
    unit: 'ms',
    description: 'Mean duration of events with a recorded duration.',
  }),
  events.sum('in_sessions', 'in_session_count', { description: 'Events that belong to a session.' }),
  counted('logins', 'login', ['login_count'], 'Logins.'),
  counted('messages', 'message', ['message_count'], 'Messages sent.'),
  counted('file_uploads', 'file_upload', ['files_uploaded'], 'Files uploaded.'),
  counted('page_views', 'page_view', ['page_views'], 'Pages viewed.'),
  counted('conversations_started', 'conversation_started', [], 'Conversations begun.'),
  counted('conversations_ended', 'conversation_ended', [], 'Conversations ended.'),
  counted('scenarios_started', 'scenario_started', ['start_count', 'total_scenarios'], 'Scenarios begun.'),
  counted('scenarios_completed', 'scenario_completed', [], 'Scenarios completed.'),
  counted('quizzes', 'quiz', ['total_quizzes_taken'], 'Quizzes taken.'),
  counted('grammar_checks', 'grammar_check', [], 'Grammar checks received as events.'),
  counted('agents_created', 'agent_created', ['agents_created'], 'Agents created.'),
];

/** Sums of several counters. */
export const usageMetrics: readonly Metric[] = [
  {
    name: 'usage.grammar_checks',
    aliases: ['total_grammar_checks'],
    description: 'Grammar checks: events, and uses of AI features. The organisation settings define which count.',
    unit: 'count',
    formula: { kind: 'total', of: ['events.grammar_checks', 'ai_usage.grammar_checks'] },
  },
  {
    name: 'usage.active_conversations',
    aliases: ['active_conversations'],
    description: 'Conversations started minus conversations ended within the range.',
    unit: 'count',
    formula: { kind: 'difference', of: 'events.conversations_started', less: 'events.conversations_ended' },
  },
  {
    name: 'usage.scenario_completion_rate',
    aliases: ['completion_rate'],
    description: 'Completed scenarios as a share of those started within the range; at most 100.',
    unit: 'percent',
    formula: { kind: 'share', part: 'events.scenarios_completed', whole: 'events.scenarios_started' },
  },
];

export const userMetrics: readonly Metric[] = [
  {
    name: 'users.active',
    aliases: ['active_users', 'unique_users'],
    description: 'Distinct users with an event, an execution, a session or an AI usage.',
    unit: 'count',
    formula: { kind: 'distinct', facts: ['events', 'executions', 'sessions', 'ai_usage'] },
  },
  {
    name: 'events.users',
    aliases: [],
    description: 'Distinct users with an event.',
    unit: 'count',
    formula: { kind: 'distinct', facts: ['events'] },
  },
  {
    name: 'executions.users',
    aliases: [],
    description: 'Distinct users with an execution.',
    unit: 'count',
    formula: { kind: 'distinct', facts: ['executions'] },
  },
  {
    name: 'ai_usage.users',
    aliases: [],
    description: 'Distinct users named by an AI usage.',
    unit: 'count',
    formula: { kind: 'distinct', facts: ['ai_usage'] },
  },
  {
    name: 'users.total',
    aliases: ['total_users'],
    description: 'All users first seen before the end of the range.',
    unit: 'count',
    formula: { kind: 'known-users', which: 'all' },
  },
  {
    name: 'users.new',
    aliases: ['new_users'],
    description: 'Users first seen within the range.',
    unit: 'count',
    formula: { kind: 'known-users', which: 'new' },
  },
  {
    name: 'users.returning',
    aliases: ['returning_users'],
    description: 'Active users first seen before the range: active users minus new users.',
    unit: 'count',
    formula: { kind: 'difference', of: 'users.active', less: 'users.new' },
  },
  {
    name: 'users.returning_rate',
    aliases: ['returning_user_rate'],
    description: 'Share of active users first seen before the range.',
    unit: 'percent',
    formula: { kind: 'share', part: 'users.returning', whole: 'users.active' },
  },
];
