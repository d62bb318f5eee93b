import { type RawBuilder, sql } from 'kysely';
import type { Db } from '../db/orm.ts';
import type { TimeRange } from '../domain/time-range.ts';
import { type FactKind, facts } from '../facts/index.ts';
import { localOffsets, readStale } from '../rollups/rollup-state.ts';
import type { Scope } from './compile/measures.ts';
import { spansOf } from './compile/spans.ts';
import { compileUserRows, type UserColumn, usableUserGrains } from './compile/users.ts';
import { intervalOf } from './query.ts';

export interface UserRowsQuery {
  orgId: string;
  kinds: readonly FactKind[];
  range: TimeRange;
  columns: readonly UserColumn[];
  /** A condition on `t`, in facts and user rows alike. */
  only?: RawBuilder<unknown>;
}

/**
 * What users did, as a statement to select from: rows of `kind`, `bucket`, the local day, and the columns asked for, several of them for a user. It
 * is right a moment after a write, in the snapshot of `db` (`inSnapshot`).
 */
export async function userRows(db: Db, query: UserRowsQuery): Promise<RawBuilder<unknown>> {
  const { orgId, kinds, range, columns, only } = query;
  const stale = await readStale(db, orgId, kinds, range);
  const scope: Scope = {
    orgId,
    timeZone: range.timeZone,
    granularity: 'day',
    offsetsSeconds: await localOffsets(db, range),
    groupBy: [],
    filters: {},
  };
  const parts = kinds.flatMap((kind) => {
    const fact = facts[kind];
    const spans = spansOf(intervalOf(range), stale(kind), usableUserGrains(scope, fact));
    return compileUserRows(scope, fact, spans, columns, only).map(
      (rows) => sql`SELECT ${sql.lit(kind)} AS kind, r.* FROM (${rows}) r`,
    );
  });
  return sql.join(parts, sql` UNION ALL `);
}
