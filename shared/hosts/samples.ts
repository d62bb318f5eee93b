import { sql } from 'kysely';
import type { Db } from '../db/orm.ts';
import { averagesOf, hostStateOf, measureNames, samplesWithin } from './averages.ts';
import { HOST_MEASURES, type HostState } from './host-state.ts';

export interface HostSample {
  host: string;
  at: Date;
  state: HostState;
}

/** Stores a sample unless another worker of the host has stored it. @returns whether it was stored */
export async function storeHostSample(db: Db, { host, at, state }: HostSample): Promise<boolean> {
  const { numAffectedRows } = await sql`
    INSERT INTO host_samples (host, at, ${sql.join(measureNames.map((name) => sql.ref(name)))})
    VALUES (${host}, ${at}, ${sql.join(measureNames.map((name) => state[name].toFixed(HOST_MEASURES[name])))})
    ON CONFLICT DO NOTHING`.execute(db);
  return numAffectedRows === 1n;
}

/** Averages the latest sample of each host; null if there is none within two minutes. */
export async function latestHostState(db: Db): Promise<HostState | null> {
  const { rows } = await sql<Record<string, string | null>>`
    SELECT ${sql.join(measureNames.map((name) => sql`avg(${sql.ref(name)}) AS ${sql.ref(name)}`))}
    FROM (
      SELECT DISTINCT ON (host) * FROM host_samples WHERE at > now() - interval '2 minutes' ORDER BY host, at DESC
    ) latest`.execute(db);
  return hostStateOf(rows[0]);
}

/** Averages all samples of all hosts in a range aligned to quarter hours; null if there are none. */
export async function averageHostState(
  db: Db,
  { startInclusive, endExclusive }: { startInclusive: Date; endExclusive: Date },
): Promise<HostState | null> {
  const within = {
    startInclusive: sql`${startInclusive}::timestamptz`,
    endExclusive: sql`${endExclusive}::timestamptz`,
  };
  const { rows } = await sql<Record<string, string | null>>`
    SELECT ${averagesOf()} FROM (${samplesWithin(within, undefined)}) s`.execute(db);
  return hostStateOf(rows[0]);
}
