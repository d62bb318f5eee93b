import { type RawBuilder, sql } from 'kysely';
import { HOST_MEASURES, type HostMeasure, type HostState, PEAK_MEASURES } from './host-state.ts';

const isMeasure = (name: string): name is HostMeasure => name in HOST_MEASURES;
export const measureNames: readonly HostMeasure[] = Object.keys(HOST_MEASURES).filter(isMeasure);

/** A range whose bounds are SQL, because PostgreSQL computes local midnights. */
export interface MomentsWithin {
  startInclusive: RawBuilder<unknown>;
  endExclusive: RawBuilder<unknown>;
}

/** SQL for the end of the rolled-up time, which is the same for all hosts. */
export const rolledUpUntil = sql`
  (SELECT coalesce(max(at) + interval '15 minutes', '-infinity') FROM host_samples_15m)`;

/** Sum and peak columns of `host_samples_15m`, with their expressions over samples and over rolled-up rows. */
export const columns15m: readonly { name: string; ofSample: RawBuilder<unknown>; rolledUp: RawBuilder<unknown> }[] = [
  { name: 'samples', ofSample: sql`1`, rolledUp: sql`count(*)` },
  ...measureNames.map((name) => ({
    name: `${name}_sum`,
    ofSample: sql.ref(name),
    rolledUp: sql`sum(${sql.ref(name)})`,
  })),
  ...PEAK_MEASURES.map((name) => ({
    name: `${name}_max`,
    ofSample: sql.ref(name),
    rolledUp: sql`max(${sql.ref(name)})`,
  })),
];

/** Returns quarter-hour rows, and single samples not rolled up yet: `host`, `at` and the quarter-hour columns. */
export function samplesWithin(moments: MomentsWithin, host: string | undefined): RawBuilder<unknown> {
  return sql`
    SELECT host, at, ${sql.join(columns15m.map(({ name }) => sql.ref(name)))}
    FROM host_samples_15m WHERE ${condition(moments, host)}
    UNION ALL ${singleSamplesWithin(moments, host)} AND at >= ${rolledUpUntil}`;
}

/** Returns single samples with the same columns. */
export function singleSamplesWithin(moments: MomentsWithin, host: string | undefined): RawBuilder<unknown> {
  return sql`
    SELECT host, at, ${sql.join(columns15m.map(({ name, ofSample }) => sql`${ofSample} AS ${sql.ref(name)}`))}
    FROM host_samples WHERE ${condition(moments, host)}`;
}

function condition({ startInclusive, endExclusive }: MomentsWithin, host: string | undefined): RawBuilder<unknown> {
  const within = sql`at >= ${startInclusive} AND at < ${endExclusive}`;
  return host === undefined ? within : sql`${within} AND host = ${host}`;
}

/** Returns the averages and peaks over rows of `samplesWithin`, named by measure. */
export function averagesOf(): RawBuilder<unknown> {
  return sql.join([
    ...measureNames.map((name) => sql`sum(${sql.ref(`${name}_sum`)}) / sum(samples) AS ${sql.ref(name)}`),
    ...PEAK_MEASURES.map((name) => sql`max(${sql.ref(`${name}_max`)}) AS ${sql.ref(`${name}_max`)}`),
  ]);
}

/** Converts a row of averages; null if there were no samples. */
export function hostStateOf(row: Readonly<Record<string, string | null>> | undefined): HostState | null {
  if (row?.cpu_percent === undefined || row.cpu_percent === null) return null;
  const measure = (name: HostMeasure) => Number(Number(row[name]).toFixed(HOST_MEASURES[name]));
  return {
    cpu_percent: measure('cpu_percent'),
    memory_percent: measure('memory_percent'),
    memory_used_bytes: measure('memory_used_bytes'),
    memory_total_bytes: measure('memory_total_bytes'),
    disk_percent: measure('disk_percent'),
    disk_used_bytes: measure('disk_used_bytes'),
    disk_total_bytes: measure('disk_total_bytes'),
    network_rx_bytes_per_second: measure('network_rx_bytes_per_second'),
    network_tx_bytes_per_second: measure('network_tx_bytes_per_second'),
    load_1m: measure('load_1m'),
    processes: measure('processes'),
    uptime_seconds: measure('uptime_seconds'),
  };
}
