import { sql } from 'kysely';
import type { Db } from '../db/orm.ts';
import type { TimeRange } from '../domain/time-range.ts';
import type { FactKind } from '../facts/index.ts';

/** The buckets in which the rollups of a fact may differ from the facts. */
export interface StaleBuckets {
  /** Starts of dirty quarter hours in epoch milliseconds, ascending. */
  quarterHours: readonly number[];
  /** The retention floor of rollups: those before it were purged. Null if there is none. */
  rollupsFromMs: number | null;
}

/** Returns the stale buckets of a fact. */
export type StaleFacts = (kind: FactKind) => StaleBuckets;

/** Reads the stale buckets of some facts in a range. Must run in the snapshot in which the rollups are read. */
export async function readStale(
  db: Db,
  orgId: string,
  kinds: readonly FactKind[],
  { startInclusive, endExclusive }: Pick<TimeRange, 'startInclusive' | 'endExclusive'>,
): Promise<StaleFacts> {
  const byKind = new Map(kinds.map((kind): [FactKind, number[]] => [kind, []]));
  let rollupsFromMs: number | null = null;
  if (kinds.length > 0) {
    const { rows } = await sql<{ kind: FactKind | null; ms: string }>`
      SELECT DISTINCT kind, (extract(epoch FROM bucket) * 1000)::bigint AS ms FROM bucket_ledger
      WHERE org_id = ${orgId} AND kind IN (${sql.join([...kinds])}) AND bucket >= ${startInclusive}::timestamptz
        AND bucket < ${endExclusive}::timestamptz
      UNION ALL
      SELECT NULL, (extract(epoch FROM at) * 1000)::bigint FROM retention_floors WHERE org_id = ${orgId} AND kind = 'rollups'
      ORDER BY ms`.execute(db);
    for (const { kind, ms } of rows) {
      if (kind === null) rollupsFromMs = Number(ms);
      else byKind.get(kind)?.push(Number(ms));
    }
  }
  return (kind) => ({ quarterHours: byKind.get(kind) ?? [], rollupsFromMs });
}

/** The distinct UTC offsets of the range's time zone in the range, in seconds. */
export async function localOffsets(db: Db, { startInclusive, endExclusive, timeZone }: TimeRange): Promise<number[]> {
  const { rows } = await sql<{ seconds: number }>`
    SELECT DISTINCT extract(epoch FROM (at AT TIME ZONE ${timeZone}) - (at AT TIME ZONE 'UTC'))::integer AS seconds
    FROM (SELECT generate_series(${startInclusive}::timestamptz, ${endExclusive}::timestamptz, interval '1 day') AS at
          UNION ALL SELECT ${endExclusive}::timestamptz) d`.execute(db);
  return rows.map(({ seconds }) => seconds);
}
