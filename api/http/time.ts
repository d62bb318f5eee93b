import { z } from 'zod';
import type { TimeRange } from '../../shared/domain/time-range.ts';

/** A time in answers: ISO 8601 in UTC. */
export const moment = () => z.iso.datetime();

/** The resolved range of an answer. */
export const rangeSchema = z
  .object({ start: moment(), end: moment(), time_zone: z.string() })
  .meta({ id: 'Range', description: 'The range of this answer, half-open.' });

export function presentRange(range: TimeRange): z.input<typeof rangeSchema> {
  return {
    start: range.startInclusive.toISOString(),
    end: range.endExclusive.toISOString(),
    time_zone: range.timeZone,
  };
}
