import { sql } from 'kysely';
import { type Db, dbOf, type Orm } from '../../shared/db/orm.ts';
import { type FactKind, facts } from '../../shared/facts/index.ts';
import type { Filter, Granularity } from '../../shared/metrics/question.ts';
import { pgTime } from '../../shared/pg-time.ts';

/** A stored row of a fact, with agent and user of its execution. */
export interface StoredRow {
  kind: FactKind;
  at: number;
  /** Start of the local bucket by `date_trunc`; null without a granularity. */
  bucket: number | null;
  text(column: string): string | null;
  number(column: string): number | null;
  flag(column: string): boolean | null;
}

type Rows = Record<FactKind, StoredRow[]>;

/** Context that some metrics need besides the rows of their group. */
export interface Around {
  /** First occurrence of a user in any user fact, regardless of the range. */
  firstSeenMs(userId: string): number;
  /** Elapsed time of the group's bucket within the range. */
  elapsedMs(): number;
}

/** The facts that count as user activity. */
export const userFacts = ['events', 'executions', 'sessions', 'ai_usage'] as const;

/** Reference definitions of the metrics: each as a plain function of the rows of its facts. */
export const expected: Readonly<
  Record<string, { of: readonly FactKind[]; value(rows: readonly StoredRow[], around: Around): number | null }>
> = {
  execution_count: { of: ['executions'], value: (rows) => rows.length },
  success_rate: {
    of: ['executions'],
    value: (rows) =>
      share(
        rows.filter((row) => row.text('status') === 'success').length,
        rows.filter((row) => ['success', 'failure', 'timeout'].includes(row.text('status') ?? '')).length,
      ),
  },
  'executions.in_progress_count': {
    of: ['executions'],
    value: (rows) => rows.filter((row) => row.text('status') === 'in_progress').length,
  },
  avg_duration_ms: { of: ['executions'], value: (rows) => mean(given(rows, 'duration_ms')) },
  p50_duration_ms: { of: ['executions'], value: (rows) => rank(given(rows, 'duration_ms'), 0.5) },
  p95_duration_ms: { of: ['executions'], value: (rows) => rank(given(rows, 'duration_ms'), 0.95) },
  total_tokens: { of: ['executions'], value: (rows) => sum(given(rows, 'total_tokens')) },
  avg_steps: { of: ['executions'], value: (rows) => mean(given(rows, 'steps')) },
  tool_call_count: { of: ['tool_usages'], value: (rows) => rows.length },
  'tool_usages.cost': { of: ['tool_usages'], value: (rows) => sum(given(rows, 'cost_usd')) },
  ai_requests: { of: ['ai_usage'], value: (rows) => rows.length },
  ai_success_rate: {
    of: ['ai_usage'],
    value: (rows) => share(rows.filter((row) => row.flag('success')).length, rows.length),
  },
  cache_hit_rate: {
    of: ['ai_usage'],
    value: (rows) =>
      share(
        rows.filter((row) => row.flag('cache_hit')).length,
        rows.filter((row) => row.flag('cache_hit') !== null).length,
      ),
  },
  'ai_usage.p95_latency_ms': { of: ['ai_usage'], value: (rows) => rank(given(rows, 'latency_ms'), 0.95) },
  total_cost: { of: ['ai_usage', 'tool_usages'], value: (rows) => sum(given(rows, 'cost_usd')) },
  session_count: { of: ['sessions'], value: (rows) => rows.length },
  'sessions.duration_ms': { of: ['sessions'], value: (rows) => sum(given(rows, 'duration_ms')) },
  'sessions.avg_duration_ms': { of: ['sessions'], value: (rows) => mean(given(rows, 'duration_ms')) },
  event_count: { of: ['events'], value: (rows) => rows.length },
  login_count: { of: ['events'], value: (rows) => rows.filter((row) => row.text('event_name') === 'login').length },
  page_views: { of: ['events'], value: (rows) => rows.filter((row) => row.text('event_name') === 'page_view').length },
  total_grammar_checks: {
    of: ['ai_usage'],
    value: (rows) => rows.filter((row) => row.text('feature') === 'grammar').length,
  },
  'executions.users': { of: ['executions'], value: users },
  'events.users': { of: ['events'], value: users },
  active_users: { of: userFacts, value: users },
  new_users: { of: userFacts, value: (rows, around) => users(rows) - returning(rows, around) },
  returning_users: { of: userFacts, value: returning },
  returning_user_rate: { of: userFacts, value: (rows, around) => share(returning(rows, around), users(rows)) },
  avg_events_per_session: { of: ['events', 'sessions'], value: (rows) => bySessions(rows, 'events') },
  avg_queries: { of: ['executions', 'sessions'], value: (rows) => bySessions(rows, 'executions') },
  cost_per_request: { of: ['ai_usage'], value: (rows) => by(sum(given(rows, 'cost_usd')), rows.length) },
  queries_per_hour: { of: ['executions'], value: (rows, { elapsedMs }) => by(rows.length, elapsedMs() / 3_600_000) },
  executions_per_minute: { of: ['executions'], value: (rows, { elapsedMs }) => by(rows.length, elapsedMs() / 60_000) },
  cost_per_hour: {
    of: ['ai_usage', 'tool_usages'],
    value: (rows, { elapsedMs }) => by(sum(given(rows, 'cost_usd')), elapsedMs() / 3_600_000),
  },
};

/** The value of a dimension; usages without agent or user inherit those of their execution. */
export function dimensionOf(row: StoredRow, dimension: string): string | null {
  switch (dimension) {
    case 'agent':
      return row.text('agent_id') ?? row.text('execution_agent_id');
    case 'user':
      return row.text('user_id') ?? row.text('execution_user_id');
    case 'tool':
      return row.text('tool_name');
    case 'hour_of_day':
      return row.text('row_hour');
    case 'weekday':
      return row.text('row_weekday');
    default:
      return row.text(dimension);
  }
}

/** Whether a value of a dimension satisfies a filter. */
export function satisfies(value: string | null, filter: Filter): boolean {
  switch (filter.operator) {
    case 'equal':
      return value === filter.value;
    case 'not_equal':
      return value !== filter.value;
    case 'in':
      return filter.value.includes(value);
    case 'not_in':
      return !filter.value.includes(value);
    case 'is_null':
      return value === null;
    case 'is_not_null':
      return value !== null;
    case 'contains':
      return value?.toLowerCase().includes(filter.value.toLowerCase()) ?? false;
    case 'starts_with':
      return value?.toLowerCase().startsWith(filter.value.toLowerCase()) ?? false;
  }
}

/** Reads all rows of the facts, with none of the queries under test. */
export async function readFacts(
  orm: Orm,
  orgId: string,
  timeZone: string,
  granularity: Granularity | undefined,
): Promise<Rows> {
  const db = dbOf(orm.em.fork());
  const read = (kind: FactKind) => readFact(db, orgId, kind, timeZone, granularity);
  return {
    events: await read('events'),
    executions: await read('executions'),
    tool_usages: await read('tool_usages'),
    agent_workflows: await read('agent_workflows'),
    sessions: await read('sessions'),
    ai_usage: await read('ai_usage'),
    api_calls: await read('api_calls'),
    errors: await read('errors'),
  };
}

async function readFact(db: Db, orgId: string, kind: FactKind, timeZone: string, granularity: Granularity | undefined) {
  const time = sql.ref(facts[kind].timeColumn);
  const { rows } = await sql<Record<string, unknown>>`
    SELECT *, ${time}::text AS row_at, date_trunc(${granularity ?? 'day'}, ${time}, ${timeZone})::text AS row_bucket,
      to_char(${time} AT TIME ZONE ${timeZone}, 'FMHH24') AS row_hour,
      to_char(${time} AT TIME ZONE ${timeZone}, 'ID') AS row_weekday
    FROM ${sql.table(kind)} WHERE org_id = ${orgId}`.execute(db);
  const { rows: executions } = await sql<Record<string, unknown>>`
    SELECT execution_id, agent_id, user_id FROM executions WHERE org_id = ${orgId}`.execute(db);
  const byId = new Map(executions.map((row) => [row.execution_id, row]));
  return rows.map((row): StoredRow => {
    const execution = kind === 'tool_usages' || kind === 'ai_usage' ? byId.get(row.execution_id) : undefined;
    const all: Record<string, unknown> = {
      ...row,
      execution_agent_id: execution?.agent_id,
      execution_user_id: kind === 'tool_usages' ? execution?.user_id : undefined,
    };
    const value = (column: string) => all[column] ?? null;
    return {
      kind,
      at: pgTime(String(row.row_at)).getTime(),
      bucket: granularity === undefined ? null : pgTime(String(row.row_bucket)).getTime(),
      text: (column) => (value(column) === null ? null : String(value(column))),
      number: (column) => (value(column) === null ? null : Number(value(column))),
      flag: (column) => (value(column) === null ? null : value(column) === true),
    };
  });
}

function given(rows: readonly StoredRow[], column: string): number[] {
  return rows.flatMap((row) => row.number(column) ?? []);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : sum(values) / values.length;
}

function share(part: number, whole: number): number | null {
  return whole === 0 ? null : (100 * part) / whole;
}

function by(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}

function bySessions(rows: readonly StoredRow[], kind: FactKind): number | null {
  const inSessions = rows.filter((row) => row.kind === kind && row.text('session_id') !== null);
  return by(inSessions.length, rows.filter((row) => row.kind === 'sessions').length);
}

/** Users first seen before their earliest of these rows. */
function returning(rows: readonly StoredRow[], { firstSeenMs }: Around): number {
  const earliest = new Map<string, number>();
  for (const row of rows) {
    const id = row.text('user_id');
    if (id !== null) earliest.set(id, Math.min(row.at, earliest.get(id) ?? row.at));
  }
  return [...earliest].filter(([id, at]) => firstSeenMs(id) < at).length;
}

function rank(values: readonly number[], q: number): number | null {
  return values.toSorted((a, b) => a - b)[Math.floor(q * (values.length - 1))] ?? null;
}

function users(rows: readonly StoredRow[]): number {
  return new Set(rows.flatMap((row) => row.text('user_id') ?? [])).size;
}
