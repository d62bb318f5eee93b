import { z } from 'zod';
import { timeRangeSchema } from '../../../shared/domain/time-range.ts';
import { USER_DAY_MEASURES } from '../../../shared/metrics/user-activity.ts';
import { id } from '../../../shared/wire.ts';
import { boundsShape, listShape } from '../../http/list-query.ts';
import { rangeSchema } from '../../http/time.ts';

export const userDaysQuery = z.strictObject({ ...listShape, ...boundsShape(USER_DAY_MEASURES) });
export const userStatsQuery = z.strictObject({ ...timeRangeSchema.shape, user_id: id().optional() });

const count = () => z.number().int();

const measures = {
  login_count: count(),
  message_count: count(),
  files_uploaded: count(),
  session_count: count().meta({ description: 'Started sessions.' }),
  session_duration_sec: z.number().meta({ description: 'Of ended sessions, by their start.' }),
  event_count: count(),
  execution_count: count(),
};

const averages = {
  login_count: z.number(),
  message_count: z.number(),
  files_uploaded: z.number(),
  session_count: z.number(),
  session_duration_sec: z.number(),
  event_count: z.number(),
  execution_count: z.number(),
};

export const userDaySchema = z.object({ user_id: z.string(), date: z.iso.date(), ...measures }).meta({ id: 'UserDay' });

export const userStatsSchema = z.object({
  totals: z.object(measures),
  daily_averages: z.object(averages).meta({ description: 'The totals divided by all days of the range.' }),
  active_days: count().meta({ description: 'Local days with an event, session or execution.' }),
  most_active_hour: count().nullable().meta({ description: 'The local hour, 0 to 23; null without activity.' }),
  top_features: z
    .array(z.object({ feature: z.string(), count: count() }))
    .meta({ description: 'By events, at most 10.' }),
  streak_days: count().meta({
    description:
      'Consecutive active days up to today, or up to yesterday if today has no activity yet; independent of the range.',
  }),
  range: rangeSchema,
});
