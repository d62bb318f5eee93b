import { sql } from 'kysely';
import type { Db } from '../db/orm.ts';
import type { TimeRange } from '../domain/time-range.ts';
import { pgTime } from '../pg-time.ts';
import { averagesOf, hostStateOf, samplesWithin, singleSamplesWithin } from './averages.ts';
import type { HostState, PEAK_MEASURES } from './host-state.ts';

export const HISTORY_GRANULARITIES = ['minute', 'hour', 'day'] as const;
export type HistoryGranularity = (typeof HISTORY_GRANULARITIES)[number];

export interface HostHistoryQuery {
  range: TimeRange;
  granularity: HistoryGranularity;
  host: string | undefined;
}

export interface HostPoint {
  at: Date;
  samples: number;
  averages: HostState;
  peaks: Record<(typeof PEAK_MEASURES)[number], number>;
}

export interface HostHistory {
  /** In time order; minutes, hours or local days without samples are omitted. */
  points: HostPoint[];
  hosts: string[];
}

/** Returns the average over hosts for each whole minute, hour or local day that a range touches. */
export async function hostHistory(db: Db, { range, granularity, host }: HostHistoryQuery): Promise<HostHistory> {
  const point = sql`date_trunc(${granularity}::text, at, ${range.timeZone}::text)`;
  const within = {
    startInclusive: sql`date_trunc(${granularity}::text, ${range.startInclusive}::timestamptz, ${range.timeZone}::text)`,
    // The longest point is a local day on which clocks are put back.
    endExclusive: sql`${range.endExclusive}::timestamptz + interval '25 hours'`,
  };
  const samples = granularity === 'minute' ? singleSamplesWithin(within, host) : samplesWithin(within, host);
  const { rows } = await sql<Record<string, string | null>>`
    SELECT point, host, sum(samples) AS samples, ${averagesOf()}
    FROM (SELECT ${point} AS point, s.* FROM (${samples}) s) s
    WHERE point < ${range.endExclusive}::timestamptz
    GROUP BY GROUPING SETS ((point), (host))
    ORDER BY point, host`.execute(db);
  return {
    points: rows.flatMap((row) => {
      const averages = hostStateOf(row);
      if (row.point === null || row.point === undefined || averages === null) return [];
      const peak = (name: (typeof PEAK_MEASURES)[number]) => Number(row[`${name}_max`]);
      const peaks = {
        cpu_percent: peak('cpu_percent'),
        memory_percent: peak('memory_percent'),
        disk_percent: peak('disk_percent'),
      };
      return [{ at: pgTime(row.point), samples: Number(row.samples), averages, peaks }];
    }),
    hosts: rows.flatMap((row) => (row.host === null || row.host === undefined ? [] : [row.host])),
  };
}
