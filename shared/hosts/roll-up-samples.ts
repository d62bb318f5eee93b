import { sql } from 'kysely';
import type { Db } from '../db/orm.ts';
import { pgTime } from '../pg-time.ts';
import { columns15m, rolledUpUntil } from './averages.ts';

/** Rolled up again each time, for samples of a host whose clock is slow. Single samples are kept for longer than this. */
const AGAIN = sql`interval '3 hours'`;
/** A sample that is being stored as its quarter hour ends gets this long. */
const GRACE = sql`interval '1 minute'`;
/** Rolled up by one statement, so that none is long. */
const AT_ONCE_MS = 24 * 60 * 60 * 1000;

/**
 * Makes the rows of the quarter hours that are over. A quarter hour is computed from its samples and replaced, never added to, so
 * this may run twice, or be cut short.
 * @returns how many rows were written
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
    -- Two rounds at once take the rows' locks in one order.
    ORDER BY host, quarter_hour
    ON CONFLICT (host, at) DO UPDATE SET ${sql.join(names.map((name) => sql`${name} = excluded.${name}`))}`.execute(db);
  return Number(numAffectedRows ?? 0);
}

/** Removes single samples, at most `limit`, that are old enough and safely rolled up. @returns how many */
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

/** Removes quarter hours that are older than any range may ask for, at most `limit`. @returns how many */
export async function removeOldHostSamples15m(db: Db, keptDays: number, limit: number): Promise<number> {
  const { numAffectedRows } = await sql`
    DELETE FROM host_samples_15m WHERE (host, at) IN (
      SELECT host, at FROM host_samples_15m
      WHERE at < now() - make_interval(days => ${keptDays}) ORDER BY at LIMIT ${limit}
    )`.execute(db);
  return Number(numAffectedRows ?? 0);
}
