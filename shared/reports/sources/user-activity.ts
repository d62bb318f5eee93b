import { type RawBuilder, sql } from 'kysely';
import { startOfDay } from '../../calendar/start-of-day.ts';
import type { UsageCounters } from '../../domain/usage-counters.ts';
import {
  type KeyRange,
  type ReportScope,
  type ReportSource,
  type SourceColumn,
  textArray,
  timeLiteral,
} from './source.ts';

/** A local day is at most so long: clocks are put back once. */
const LONGEST_DAY = sql`interval '25 hours'`;

/** How each count of a user's day is made; events count by their names, as the settings say. */
const COUNTS = {
  login_count: { of: 'events', count: ({ login }) => named(login) },
  message_count: { of: 'events', count: ({ message }) => named(message) },
  files_uploaded: { of: 'events', count: ({ file_upload }) => named(file_upload) },
  session_count: { of: 'sessions', count: () => sql`count(*)` },
  session_duration_sec: { of: 'sessions', count: () => sql`trim_scale(coalesce(sum(duration_ms), 0) / 1000)` },
  event_count: { of: 'events', count: () => sql`count(*)` },
  execution_count: { of: 'executions', count: () => sql`count(*)` },
} satisfies Record<string, { of: Source; count: (counters: UsageCounters) => RawBuilder<unknown> }>;

const TIMES = { events: 'occurred_at', sessions: 'started_at', executions: 'started_at' } as const;

type Source = keyof typeof TIMES;
const SOURCES: readonly Source[] = ['events', 'sessions', 'executions'];

const columns: readonly SourceColumn[] = [
  { header: 'user_id', type: 'text', freeText: true },
  { header: 'date', type: 'date', freeText: false },
  ...Object.keys(COUNTS).map(
    (header): SourceColumn => ({
      header,
      type: header === 'session_duration_sec' ? 'numeric' : 'bigint',
      freeText: false,
    }),
  ),
];

/** What each user did on each of its days, in the organisation's time zone: a row per user and day with anything at all. */
export const userActivitySource: ReportSource = {
  columns,
  // A row's user may become known after the cut-off, so even an unfiltered report can gain a day of a user.
  isFixedByCutoff: false,
  keys: (scope) => sql`
    SELECT DISTINCT at, id FROM (${sql.join(
      SOURCES.map((source) => sql`SELECT ${dayOf(source, scope)} AS at, user_id AS id ${from(source, scope, null)}`),
      sql` UNION ALL `,
    )}) seen`,
  rows(scope, range, cell) {
    const values = columns.map((column) => {
      const value =
        column.header === 'user_id'
          ? sql`day.id`
          : column.header === 'date'
            ? sql`(day.at AT TIME ZONE ${sql.lit(scope.timeZone)})::date`
            : sql`sum(${sql.ref(`day.${column.header}`)})`;
      return { column, value };
    });
    const sums = values.map(({ column, value }) => sql`${value} AS ${sql.ref(column.header)}`);
    const cells = columns.map(
      (column) => sql`${cell(sql.ref(`d.${column.header}`), column)} AS ${sql.ref(column.header)}`,
    );
    return sql`
      SELECT ${sql.join(cells)} FROM (
        SELECT day.at AS "day_at", day.id AS "day_id", ${sql.join(sums)}
        FROM (${sql.join(
          SOURCES.map((source) => days(source, scope, range)),
          sql` UNION ALL `,
        )}) day
        WHERE (day.at, day.id) >= (${timeLiteral(range.lowerAt)}, ${sql.lit(range.lowerId)})
          AND (day.at, day.id) < (${timeLiteral(range.upperAt)}, ${sql.lit(range.upperId)})
        GROUP BY day.at, day.id
      ) d ORDER BY d."day_at", d."day_id"`;
  },
  changedRows: (scope, range) => sql`
    SELECT sum(count)::bigint AS count FROM (${sql.join(
      SOURCES.map(
        (source) =>
          sql`SELECT count(*) AS count ${from(source, scope, range)} AND updated_at > ${timeLiteral(scope.cutoff)}`,
      ),
      sql` UNION ALL `,
    )}) changed`,
};

/** One fact's share of the users' days: its own counts, and 0 for those of the other facts. */
function days(source: Source, scope: ReportScope, range: KeyRange): RawBuilder<unknown> {
  const counts = Object.entries(COUNTS).map(
    ([name, { of, count }]) => sql`${of === source ? count(scope.counters) : sql`0`} AS ${sql.ref(name)}`,
  );
  return sql`SELECT ${dayOf(source, scope)} AS at, user_id AS id, ${sql.join(counts)}
    ${from(source, scope, range)} GROUP BY 1, 2`;
}

function named(events: readonly string[]): RawBuilder<unknown> {
  return sql`count(*) FILTER (WHERE event_name = ANY (${textArray(events)}))`;
}

/** The beginning of the local day, but not before the report's own: the first day may begin within it. */
function dayOf(source: Source, scope: ReportScope): RawBuilder<unknown> {
  const zone = sql`${sql.lit(scope.timeZone)}`;
  const date = sql`(${sql.ref(TIMES[source])} AT TIME ZONE ${zone})::date`;
  return sql`greatest(${startOfDay(date, zone)}, ${timeLiteral(scope.startInclusive)})`;
}

function from(source: Source, scope: ReportScope, range: KeyRange | null): RawBuilder<unknown> {
  const at = sql.ref(TIMES[source]);
  const { user_id } = scope.parameters;
  const conditions = [
    sql`org_id = ${sql.lit(scope.orgId)} AND user_id IS NOT NULL`,
    sql`${at} >= ${timeLiteral(scope.startInclusive)} AND ${at} < ${timeLiteral(scope.endExclusive)}`,
    sql`ingested_at <= ${timeLiteral(scope.cutoff)}`,
  ];
  if (range) {
    conditions.push(
      sql`${at} >= ${timeLiteral(range.lowerAt)} AND ${at} < ${timeLiteral(range.upperAt)} + ${LONGEST_DAY}`,
    );
  }
  if (user_id !== undefined) conditions.push(sql`user_id = ${sql.lit(user_id)}`);
  return sql`FROM ${sql.table(source)} WHERE ${sql.join(conditions, sql` AND `)}`;
}
