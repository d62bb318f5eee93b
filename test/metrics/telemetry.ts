/** A record as sent, with its time in milliseconds. */
export interface Sent {
  type: 'event' | 'execution' | 'session' | 'ai_usage' | 'tool_usage' | 'error';
  at: number;
  user: string | null;
  record: Readonly<Record<string, unknown>>;
}

const FEATURES = ['chat', 'Home', 'search', undefined];
const EVENTS = [
  'login',
  'message_sent',
  'file_uploaded',
  'page_view',
  'quiz_taken',
  'conversation_started',
  'conversation_ended',
  'scenario_started',
  'scenario_started',
  'scenario_completed',
];
const AI_FEATURES = ['grammar', 'quiz', 'answer'];
const MODELS = ['model-x', 'model-x', 'model-y', undefined];

/** Records of all kinds, spread over a range and deterministic for a seed. No record repeats. */
export function telemetry(options: {
  seed: number;
  count: number;
  fromMs: number;
  toMs: number;
  users: number;
}): Sent[] {
  let state = options.seed;
  // Mulberry32: seeded, so that failures are reproducible.
  const below = (limit: number) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * limit);
  };
  const of = <Value>(values: readonly Value[]) => values[below(values.length)];
  return Array.from({ length: options.count }, (_, n): Sent => {
    const id = `${options.seed}-${n}`;
    const at = options.fromMs + below(options.toMs - options.fromMs);
    // A skewed distribution, with some records without a user.
    const user = below(12) === 0 ? null : `user-${Math.min(below(options.users), below(options.users))}`;
    const whose = user === null ? {} : { user_id: user };
    const start = new Date(at).toISOString();
    const end = new Date(at + 1 + below(3_600_000)).toISOString();
    const sent = (type: Sent['type'], fields: object, owner = user): Sent => {
      return { type, at, user: owner, record: JSON.parse(JSON.stringify({ type, ...fields })) };
    };
    switch (below(10)) {
      case 0:
      case 1: {
        const status = of(['success', 'success', 'failure', 'in_progress']);
        const ended = status === 'in_progress' ? {} : { ended_at: end };
        const fields = { execution_id: `x-${id}`, agent_id: `agent-${below(3)}`, started_at: start, status, ...ended };
        return sent('execution', { ...fields, ...whose });
      }
      case 2: {
        const ended = below(4) === 0 ? {} : { ended_at: end };
        return sent('session', { session_id: `s-${id}`, started_at: start, ...ended, ...whose });
      }
      case 3:
      case 4:
        return sent('ai_usage', {
          usage_id: `a-${id}`,
          feature: of(AI_FEATURES),
          model: of(MODELS),
          success: below(5) > 0,
          latency_ms: below(90_000) / 10,
          cache_hit: of([true, false, undefined]),
          input_tokens: below(2_000),
          output_tokens: below(500),
          cost_usd: below(1_000) / 1_000,
          occurred_at: start,
          ...whose,
        });
      case 5: {
        const usage = { usage_id: `t-${id}`, tool_name: 'search', execution_id: `none-${id}`, status: 'success' };
        return sent('tool_usage', { ...usage, started_at: start, cost_usd: below(500) / 1_000 }, null);
      }
      case 6: {
        const error = { error_id: `f-${id}`, level: 'ERROR', exception_type: of(['KeyError', 'IOError', 'Late']) };
        return sent('error', { ...error, message: 'went wrong', occurred_at: start });
      }
      default: {
        const event_name = of(EVENTS) ?? 'login';
        const scenario = below(5);
        const properties = event_name.startsWith('scenario')
          ? { properties: { scenario_id: `scenario-${scenario}`, name: `Scenario ${scenario}, edition ${below(50)}` } }
          : {};
        const fields = { event_id: `e-${id}`, event_type: 'x', event_name, feature: of(FEATURES), occurred_at: start };
        const duration = below(3) === 0 ? {} : { duration_ms: below(50_000) / 10 };
        return sent('event', { ...fields, ...duration, ...properties, ...whose });
      }
    }
  });
}

/** Local day and hour of a moment, independent of PostgreSQL's time zones. */
export function localClock(timeZone: string) {
  const days = new Intl.DateTimeFormat('en-CA', { timeZone });
  const hours = new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit' });
  return {
    dayOf: (ms: number) => days.format(ms),
    hourOf: (ms: number) => Number(hours.format(ms)),
  };
}

/** A numeric field of a sent record; 0 if it has none. */
export function numberOf({ record }: Sent, field: string): number {
  const value = record[field];
  return typeof value === 'number' ? value : 0;
}

/** A text field of a sent record. */
export function textOf({ record }: Sent, field: string): string | undefined {
  const value = record[field];
  return typeof value === 'string' ? value : undefined;
}
