import { resolveRange } from '../../../shared/calendar/resolve-range.ts';
import { dbOf } from '../../../shared/db/orm.ts';
import type { TimeRange } from '../../../shared/domain/time-range.ts';
import { validationError } from '../../../shared/errors.ts';
import { type HistoryGranularity, hostHistory } from '../../../shared/hosts/history.ts';
import { presentRange } from '../../http/time.ts';
import { defineRoute, type Route } from '../../route.ts';
import { presentHostPoint } from './present.ts';
import { historyQuery, historySchema } from './schema.ts';

const HOUR_MS = 3_600_000;
const LENGTHS_MS: Readonly<Record<HistoryGranularity, number>> = {
  minute: HOUR_MS / 60,
  hour: HOUR_MS,
  day: 24 * HOUR_MS,
};
/** The longest ranges of the finer default granularities; the extra hour is for the end of summer time. */
const MINUTES_UP_TO_MS = 6 * HOUR_MS;
const HOURS_UP_TO_MS = 7 * 24 * HOUR_MS + HOUR_MS;
const MAX_POINTS = 10_000;

const history = defineRoute({
  method: 'GET',
  path: '/metrics/history',
  access: { least: 'admin', scope: 'metrics' },
  tag: 'Health',
  summary: 'Get the host metrics of the installation over time',
  description:
    'Workers sample their hosts. A point is a whole minute, hour or local day that overlaps the range; points without ' +
    'samples are omitted. Single samples are kept for `HOST_SAMPLES_DAYS`: a range that starts earlier is answered in hours.',
  query: historyQuery,
  answers: { 200: { description: 'The series.', schema: historySchema } },
  async handle({ deps, em, caller }, { query }) {
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
      const message = `yields ${pointCount} points, more than ${MAX_POINTS}; use a coarser one or a shorter range`;
      throw validationError([{ field: 'granularity', message }]);
    }
    const { points, hosts } = await hostHistory(db, { range, granularity, host: query.host });
    return {
      status: 200,
      body: { series: points.map(presentHostPoint), granularity, hosts, range: presentRange(range) },
    };
  },
});

function lengthMs({ startInclusive, endExclusive }: TimeRange): number {
  return endExclusive.getTime() - startInclusive.getTime();
}

function defaultGranularity(range: TimeRange): HistoryGranularity {
  if (lengthMs(range) <= MINUTES_UP_TO_MS) return 'minute';
  return lengthMs(range) <= HOURS_UP_TO_MS ? 'hour' : 'day';
}

/** Minutes need single samples; beyond their retention hours are the finest granularity. */
function keptGranularity(asked: HistoryGranularity, range: TimeRange, keptFrom: Date): HistoryGranularity {
  return asked === 'minute' && range.startInclusive < keptFrom ? 'hour' : asked;
}

export const metricsHistoryRoutes: readonly Route[] = [history];
