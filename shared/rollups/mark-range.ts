import { sql } from 'kysely';
import type { Db } from '../db/orm.ts';
import { factList } from '../facts/index.ts';

/** Marks every quarter hour of a range dirty, for all facts, so that the next refresh recomputes them. */
export async function markRange(
  db: Db,
  orgId: string,
  { startInclusive, endExclusive }: { startInclusive: Date; endExclusive: Date },
): Promise<void> {
  const kinds = JSON.stringify(factList.map(({ kind }) => kind));
  await sql`
    INSERT INTO bucket_ledger (org_id, kind, bucket, marked_at)
    SELECT ${orgId}, kind, bucket, clock_timestamp()
    FROM json_array_elements_text(${kinds}::json) AS kind
    CROSS JOIN generate_series(
      date_bin('15 minutes', ${startInclusive}::timestamptz, 'epoch'::timestamptz),
      ${endExclusive}::timestamptz - interval '1 microsecond', interval '15 minutes') AS bucket`.execute(db);
}
