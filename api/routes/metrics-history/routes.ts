import { z } from 'zod';
import { resolveRange } from '../../../shared/calendar/resolve-range.ts';
import { dbOf } from '../../../shared/db/orm.ts';
import { type TimeRange, timeRangeSchema } from '../../../shared/domain/time-range.ts';
import { validationError } from '../../../shared/errors.ts';
import {
  HISTORY_GRANULARITIES,
  type HistoryGranularity,
  type HostPoint,
  hostHistory,
} from '../../../shared/hosts/history.ts';
import { label } from '../../../shared/wire.ts';
import { rangeSchema } from '../../http/answers.ts';
import { presentRange } from '../../http/list-query.ts';
import { defineRoute, type Route } from '../../route.ts';
import { moment } from '../telemetry/stored-schema.ts';

const HOUR_MS = 3_600_000;
const LENGTHS_MS: Readonly<Record<HistoryGranularity, number>> = {
  minute: HOUR_MS / 60,
  hour: HOUR_MS,
  day: 24 * HOUR_MS,
};
/** Up to these lengths the finer granularities are taken where none is asked for; the hour is for clocks put back. */
const MINUTES_UP_TO_MS = 6 * HOUR_MS;
const HOURS_UP_TO_MS = 7 * 24 * HOUR_MS + HOUR_MS;
const MAX_POINTS = 10_000;

const historyQuery = z.strictObject({
  ...timeRangeSchema.shape,
  granularity: z
    .enum(HISTORY_GRANULARITIES)
    .optional()
    .meta({ description: 'By default minutes up to 6 hours, hours up to 7 days, local days beyond.' }),
  host: label(253).optional().meta({ description: 'Only this host; else the average over all.' }),
});

const average = (unit: string) => z.number().meta({ description: `Average, in ${unit}.` });
const peak = () => z.number().meta({ description: 'The highest sample, in percent.' });
const historySchema = z.object({
  series: z.array(
    z.object({
      at: moment().meta({ description: 'When the minute, hour or local day begins.' }),
      samples: z.number().int().meta({ description: 'How many samples it is made of.' }),
      cpu_percent: average('percent'),
      cpu_percent_max: peak(),
      memory_percent: average('percent'),
      memory_percent_max: peak(),
      memory_used_bytes: average('bytes'),
      memory_total_bytes: average('bytes'),
      disk_percent: average('percent'),
      disk_percent_max: peak(),
      disk_used_bytes: average('bytes'),
      disk_total_bytes: average('bytes'),
      network_rx_bytes_per_second: average('bytes a second'),
      network_tx_bytes_per_second: average('bytes a second'),
      load_1m: average('processes that want to run'),
      processes: average('processes'),
      uptime_seconds: average('seconds'),
    }),
  ),
  granularity: z.enum(HISTORY_GRANULARITIES),
  hosts: z.array(z.string()).meta({ description: 'Those that the series is made of.' }),
  range: rangeSchema,
});

const history = defineRoute({
  method: 'GET',
  path: '/metrics/history',
  access: { least: 'admin', scope: 'metrics' },
  tag: 'Health',
  summary: 'Show how the hosts of the installation did',
  description:
    'Workers sample their hosts. Points are the minutes, hours or local days that the range touches, each as a whole; one ' +
    'without samples is left out. Single samples are kept for some days only: minutes that begin before are answered as hours.',
  query: historyQuery,
  answers: { 200: { description: 'The series.', schema: historySchema } },
  async handle({ deps, em, caller }, query) {
    const db = dbOf(em);
    const now = new Date();
    const range = await resolveRange(db, query, caller.timeZone, now);
    const granularity = keptGranularity(
      query.granularity ?? defaultGranularity(range),
      range,
      new Date(now.getTime() - deps.config.HOST_SAMPLES_DAYS * LENGTHS_MS.day),
    );
    const pointCount = Math.ceil(lengthMs(range) / LENGTHS_MS[granularity]);
    if (pointCount > MAX_POINTS) {
      const message = `would make ${pointCount} points of this range, and ${MAX_POINTS} are the most; choose a coarser one, or a shorter range`;
      throw validationError([{ field: 'granularity', message }]);
    }
    const { points, hosts } = await hostHistory(db, { range, granularity, host: query.host });
    return { status: 200, body: { series: points.map(present), granularity, hosts, range: presentRange(range) } };
  },
});

function lengthMs({ startInclusive, endExclusive }: TimeRange): number {
  return endExclusive.getTime() - startInclusive.getTime();
}

function defaultGranularity(range: TimeRange): HistoryGranularity {
  if (lengthMs(range) <= MINUTES_UP_TO_MS) return 'minute';
  return lengthMs(range) <= HOURS_UP_TO_MS ? 'hour' : 'day';
}

/** Minutes are made of single samples; where those are gone, hours are the finest that there is. */
function keptGranularity(asked: HistoryGranularity, range: TimeRange, keptFrom: Date): HistoryGranularity {
  return asked === 'minute' && range.startInclusive < keptFrom ? 'hour' : asked;
}

function present({ at, samples, averages, peaks }: HostPoint) {
  return {
    at: at.toISOString(),
    samples,
    ...averages,
    cpu_percent_max: peaks.cpu_percent,
    memory_percent_max: peaks.memory_percent,
    disk_percent_max: peaks.disk_percent,
  };
}

export const metricsHistoryRoutes: readonly Route[] = [history];
