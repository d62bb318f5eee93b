import { type RawBuilder, sql } from 'kysely';
import { HOST_FIGURES, type HostFigure, type HostState, PEAK_FIGURES } from './host-state.ts';

const isFigure = (name: string): name is HostFigure => name in HOST_FIGURES;
export const figureNames: readonly HostFigure[] = Object.keys(HOST_FIGURES).filter(isFigure);

/** Moments as SQL: local days are begun by PostgreSQL. */
export interface MomentsWithin {
  startInclusive: RawBuilder<unknown>;
  endExclusive: RawBuilder<unknown>;
}

/** Before this, samples are rolled up; all hosts are, in the order of time. */
export const rolledUpUntil = sql`
  (SELECT coalesce(max(at) + interval '15 minutes', '-infinity') FROM host_sample_quarters)`;

/** What became of each sum and peak of the samples, in the shape of the table of quarters. */
export const quarterColumns: readonly { name: string; ofSample: RawBuilder<unknown>; rolledUp: RawBuilder<unknown> }[] =
  [
    { name: 'samples', ofSample: sql`1`, rolledUp: sql`count(*)` },
    ...figureNames.map((name) => ({
      name: `${name}_sum`,
      ofSample: sql.ref(name),
      rolledUp: sql`sum(${sql.ref(name)})`,
    })),
    ...PEAK_FIGURES.map((name) => ({
      name: `${name}_max`,
      ofSample: sql.ref(name),
      rolledUp: sql`max(${sql.ref(name)})`,
    })),
  ];

/** Quarters of an hour, and single samples where they are not rolled up yet: `host`, `at` and the quarter's columns. */
export function samplesWithin(moments: MomentsWithin, host: string | undefined): RawBuilder<unknown> {
  return sql`
    SELECT host, at, ${sql.join(quarterColumns.map(({ name }) => sql.ref(name)))}
    FROM host_sample_quarters WHERE ${condition(moments, host)}
    UNION ALL ${singleSamplesWithin(moments, host)} AND at >= ${rolledUpUntil}`;
}

/** Single samples in the same shape. */
export function singleSamplesWithin(moments: MomentsWithin, host: string | undefined): RawBuilder<unknown> {
  return sql`
    SELECT host, at, ${sql.join(quarterColumns.map(({ name, ofSample }) => sql`${ofSample} AS ${sql.ref(name)}`))}
    FROM host_samples WHERE ${condition(moments, host)}`;
}

function condition({ startInclusive, endExclusive }: MomentsWithin, host: string | undefined): RawBuilder<unknown> {
  const within = sql`at >= ${startInclusive} AND at < ${endExclusive}`;
  return host === undefined ? within : sql`${within} AND host = ${host}`;
}

/** The averages and peaks of rows of `samplesWithin`, by the names of the figures. */
export function averagesOf(): RawBuilder<unknown> {
  return sql.join([
    ...figureNames.map((name) => sql`sum(${sql.ref(`${name}_sum`)}) / sum(samples) AS ${sql.ref(name)}`),
    ...PEAK_FIGURES.map((name) => sql`max(${sql.ref(`${name}_max`)}) AS ${sql.ref(`${name}_max`)}`),
  ]);
}

/** A row of averages; null where it is of nothing. */
export function hostStateOf(row: Readonly<Record<string, string | null>> | undefined): HostState | null {
  if (row?.cpu_percent === undefined || row.cpu_percent === null) return null;
  const figure = (name: HostFigure) => Number(Number(row[name]).toFixed(HOST_FIGURES[name]));
  return {
    cpu_percent: figure('cpu_percent'),
    memory_percent: figure('memory_percent'),
    memory_used_bytes: figure('memory_used_bytes'),
    memory_total_bytes: figure('memory_total_bytes'),
    disk_percent: figure('disk_percent'),
    disk_used_bytes: figure('disk_used_bytes'),
    disk_total_bytes: figure('disk_total_bytes'),
    network_rx_bytes_per_second: figure('network_rx_bytes_per_second'),
    network_tx_bytes_per_second: figure('network_tx_bytes_per_second'),
    load_1m: figure('load_1m'),
    processes: figure('processes'),
    uptime_seconds: figure('uptime_seconds'),
  };
}
