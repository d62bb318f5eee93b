import { sql } from 'kysely';
import type { Db } from '../db/orm.ts';
import { pgTime } from '../pg-time.ts';
import { columns15m, rolledUpUntil } from './averages.ts';

/** Recomputed in each round, for samples of hosts with slow clocks. Single samples are retained for longer. */
const AGAIN = sql`interval '3 hours'`;
/** Grace period for samples being stored when their quarter hour ends. */
const GRACE = sql`interval '1 minute'`;
/** Time range rolled up by one statement, to keep statements short. */
const AT_ONCE_MS = 24 * 60 * 60 * 1000;

/**
 * Rolls samples up into the quarter hours that have ended. A quarter hour is recomputed and replaced, so this can be
 * repeated or interrupted.
 * @returns the number of rows written
 */
export async function rollUpHostSamples(db: Db): Promise<number> {
  const { rows } = await sql<{ start: string | null; end: string }>`
    SELECT coalesce(
        (SELECT max(at) - ${AGAIN} FROM host_samples_15m),
        (SELECT date_bin('15 minutes', min(at), 'epoch') FROM host_samples)
      ) AS start, date_bin('15 minutes', now() - ${GRACE}, 'epoch') AS end`.execute(db);
  const open = rows[0];
  if (!open?.start) return 0;
  const end = pgTime(open.end);
  let written = 0;
  let start = pgTime(open.start);
  while (start < end) {
    const next = new Date(Math.min(start.getTime() + AT_ONCE_MS, end.getTime()));
    written += await rollUpBetween(db, start, next);
    start = next;
  }
  return written;
}

async function rollUpBetween(db: Db, startInclusive: Date, endExclusive: Date): Promise<number> {
  const names = columns15m.map(({ name }) => sql.ref(name));
  const { numAffectedRows } = await sql`
    INSERT INTO host_samples_15m (host, at, ${sql.join(names)})
    SELECT host, date_bin('15 minutes', at, 'epoch') AS quarter_hour, ${sql.join(columns15m.map(({ rolledUp }) => rolledUp))}
    FROM host_samples WHERE at >= ${startInclusive} AND at < ${endExclusive}
    GROUP BY host, quarter_hour
    -- Concurrent rounds lock the rows in one order, which rules out deadlocks.
    ORDER BY host, quarter_hour
    ON CONFLICT (host, at) DO UPDATE SET ${sql.join(names.map((name) => sql`${name} = excluded.${name}`))}`.execute(db);
  return Number(numAffectedRows ?? 0);
}

/** Deletes up to `limit` single samples older than `keptDays` that are rolled up. @returns the number deleted */
export async function removeOldHostSamples(db: Db, keptDays: number, limit: number): Promise<number> {
  const { numAffectedRows } = await sql`
    DELETE FROM host_samples WHERE (host, at) IN (
      SELECT host, at FROM host_samples
      -- Whole quarter hours: none is ever computed again from a part of its samples.
      WHERE at < date_bin('15 minutes', now() - make_interval(days => ${keptDays}), 'epoch')
        AND at < ${rolledUpUntil} - ${AGAIN} - interval '15 minutes'
      ORDER BY at LIMIT ${limit}
    )`.execute(db);
  return Number(numAffectedRows ?? 0);
}

/** Deletes up to `limit` quarter-hour rows older than `keptDays`. @returns the number deleted */
export async function removeOldHostSamples15m(db: Db, keptDays: number, limit: number): Promise<number> {
  const { numAffectedRows } = await sql`
    DELETE FROM host_samples_15m WHERE (host, at) IN (
      SELECT host, at FROM host_samples_15m
      WHERE at < now() - make_interval(days => ${keptDays}) ORDER BY at LIMIT ${limit}
    )`.execute(db);
  return Number(numAffectedRows ?? 0);
}
