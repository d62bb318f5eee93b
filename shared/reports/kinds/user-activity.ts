import { type RawBuilder, sql } from 'kysely';
import { startOfDay } from '../../calendar/start-of-day.ts';
import { type FactKind, facts } from '../../facts/index.ts';
import { aggregateFilterFaults } from '../../facts/report-filters.ts';
import type { Filter } from '../../metrics/question.ts';
import { USER_DAY_MEASURES, userDaysAsOf } from '../../metrics/user-activity.ts';
import type { KeyRange, ReportKind, ReportScope, SourceColumn } from './kind.ts';

/** A local day is at most so long: clocks are put back once. */
const LONGEST_DAY_MS = 25 * 3_600_000;

/** What makes a day of a user. */
const SOURCES = ['events', 'sessions', 'executions'] as const satisfies readonly FactKind[];

const columns: readonly SourceColumn[] = [
  { header: 'user_id', type: 'text', freeText: true },
  { header: 'date', type: 'date', freeText: false },
  ...USER_DAY_MEASURES.map(
    (header): SourceColumn => ({
      header,
      type: header === 'session_duration_sec' ? 'numeric' : 'bigint',
      freeText: false,
    }),
  ),
];

/** What each user did on each of its days, in the organisation's time zone: a row per user and day with any activity. */
export const userActivityReport: ReportKind = {
  name: 'user_activity',
  aliases: [],
  title: 'What each user did on each day',
  namesUsers: true,
  faults: aggregateFilterFaults,
  columns,
  // A row's user may become known after the cut-off, so even an unfiltered report can gain a day of a user.
  isFixedByCutoff: false,
  keys: (scope) => sql`SELECT ${dayStart(scope)} AS at, d.user_id AS id FROM (${days(scope, scope)}) d`,
  rows(scope, range, cell) {
    const at = dayStart(scope);
    const cells = columns.map(
      (column) => sql`${cell(sql.ref(`d.${column.header}`), column)} AS ${sql.ref(column.header)}`,
    );
    return sql`SELECT ${sql.join(cells)} FROM (${days(scope, within(scope, range))}) d
      WHERE (${at}, d.user_id) >= (${range.lowerAt}::timestamptz, ${range.lowerId})
        AND (${at}, d.user_id) < (${range.upperAt}::timestamptz, ${range.upperId})
      ORDER BY ${at}, d.user_id`;
  },
  changedRows: (scope, range) => sql`
    SELECT sum(count)::bigint AS count FROM (${sql.join(
      SOURCES.map((kind) => changed(kind, scope, within(scope, range))),
      sql` UNION ALL `,
    )}) changed`,
};

interface Span {
  startInclusive: Date;
  endExclusive: Date;
}

/** The time that the days of a key range may lie in. */
function within(scope: ReportScope, { lowerAt, upperAt }: KeyRange): Span {
  const startMs = Math.max(scope.startInclusive.getTime(), Date.parse(lowerAt));
  const endMs = Math.min(scope.endExclusive.getTime(), Date.parse(upperAt) + LONGEST_DAY_MS);
  return { startInclusive: new Date(startMs), endExclusive: new Date(Math.max(startMs, endMs)) };
}

function days(scope: ReportScope, { startInclusive, endExclusive }: Span): RawBuilder<unknown> {
  const { orgId, counters, cutoff, timeZone } = scope;
  const { user_id } = scope.parameters;
  const filters: Filter[] = user_id === undefined ? [] : [{ dimension: 'user', operator: 'equal', value: user_id }];
  return userDaysAsOf({ orgId, counters }, filters, { startInclusive, endExclusive, timeZone }, cutoff);
}

/** The beginning of the local day, but not before the report's own: the first day may begin within it. */
function dayStart({ timeZone, startInclusive }: ReportScope): RawBuilder<unknown> {
  return sql`greatest(${startOfDay(sql`d.date`, sql`${timeZone}`)}, ${startInclusive}::timestamptz)`;
}

function changed(kind: (typeof SOURCES)[number], scope: ReportScope, span: Span): RawBuilder<unknown> {
  const at = sql.ref(`t.${facts[kind].timeColumn}`);
  return sql`SELECT count(*) AS count FROM ${sql.table(kind)} t
    WHERE t.org_id = ${scope.orgId} AND t.user_id IS NOT NULL
      AND ${at} >= ${span.startInclusive}::timestamptz AND ${at} < ${span.endExclusive}::timestamptz
      AND t.ingested_at <= ${scope.cutoff}::timestamptz AND t.updated_at > ${scope.cutoff}::timestamptz`;
}
