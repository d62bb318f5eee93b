import fc from 'fast-check';

const quarterHourMs = 900_000;
const dayMs = 86_400_000;

/** Moments in the days after `fromMs`, most of them at bucket boundaries. */
function moments(fromMs: number, days: number) {
  const any = fc.integer({ min: 0, max: days * dayMs - 1 });
  const edges = fc
    .tuple(fc.integer({ min: 0, max: days * 96 - 1 }), fc.constantFrom(0, 1, quarterHourMs - 1))
    .map(([quarterHour, more]) => quarterHour * quarterHourMs + more);
  return fc.oneof(any, edges).map((ms) => new Date(fromMs + ms).toISOString());
}

const agent = fc.constantFrom('agent-a', 'agent-b', 'agent-c');
const user = fc.option(fc.constantFrom('user-1', 'user-2', 'user-3', 'user-4'), { nil: undefined });
const executionId = fc.integer({ min: 1, max: 12 }).map((n) => `execution-${n}`);
const sessionId = fc.integer({ min: 1, max: 8 }).map((n) => `session-${n}`);
const status = fc.constantFrom('in_progress', 'success', 'failure', 'timeout', 'cancelled');
const amount = fc.integer({ min: 0, max: 5_000 });
const money = fc.option(
  fc.integer({ min: 0, max: 99_999 }).map((n) => n / 1000),
  { nil: undefined },
);

/** Records of all kinds in any order; ids repeat, so that records merge, and usages may precede their executions. */
export function records(fromMs: number, days: number) {
  const at = moments(fromMs, days);
  const span = fc.integer({ min: 0, max: 90_000_000 });
  const withEnd = <Given extends { started_at: string; elapsedMs: number; ended: boolean }>({
    elapsedMs,
    ended,
    ...record
  }: Given) => ({
    ...record,
    ...(ended ? { ended_at: new Date(Date.parse(record.started_at) + elapsedMs).toISOString() } : {}),
  });
  const execution = fc
    .record({
      type: fc.constant('execution'),
      execution_id: executionId,
      agent_id: agent,
      user_id: user,
      session_id: fc.option(sessionId, { nil: undefined }),
      status,
      started_at: at,
      elapsedMs: span,
      ended: fc.boolean(),
      steps: fc.option(fc.integer({ min: 0, max: 9 }), { nil: undefined }),
      input_tokens: fc.option(amount, { nil: undefined }),
    })
    .map(withEnd);
  const tool = fc
    .record({
      type: fc.constant('tool_usage'),
      usage_id: fc.integer({ min: 1, max: 20 }).map((n) => `usage-${n}`),
      tool_name: fc.constantFrom('search', 'mail'),
      execution_id: executionId,
      status,
      started_at: at,
      elapsedMs: span,
      ended: fc.boolean(),
      cost_usd: money,
    })
    .map(withEnd);
  const ai = fc.record({
    type: fc.constant('ai_usage'),
    feature: fc.constantFrom('chat', 'grammar'),
    success: fc.boolean(),
    latency_ms: fc.oneof(
      fc.constant(0),
      fc.integer({ min: 1, max: 9_999_999 }).map((n) => n / 100),
    ),
    cache_hit: fc.option(fc.boolean(), { nil: undefined }),
    model: fc.option(fc.constantFrom('model-x', 'model-y'), { nil: undefined }),
    cost_usd: money,
    user_id: user,
    agent_id: fc.option(agent, { nil: undefined }),
    execution_id: fc.option(executionId, { nil: undefined }),
    occurred_at: at,
  });
  const session = fc
    .record({
      type: fc.constant('session'),
      session_id: sessionId,
      user_id: user,
      started_at: at,
      elapsedMs: span,
      ended: fc.boolean(),
    })
    .map(withEnd);
  const event = fc.record({
    type: fc.constant('event'),
    event_type: fc.constantFrom('action', 'view'),
    event_name: fc.constantFrom('login', 'page_view', 'other'),
    user_id: user,
    session_id: fc.option(sessionId, { nil: undefined }),
    feature: fc.option(fc.constantFrom('chat', 'home'), { nil: undefined }),
    occurred_at: at,
  });
  return fc.oneof(execution, execution, tool, tool, ai, session, event);
}
