import { z } from 'zod';

const DAY_MS = 24 * 60 * 60 * 1000;
const MAX_RANGE_DAYS = 400;
const DEFAULT_DAYS = 7;
/** Wide enough for any telemetry; beyond them years have more digits, or none, in one notation or another. */
const EARLIEST_YEAR = '1900';
const LATEST_YEAR_EXCLUSIVE = '3000';

/** The four ways to name a time range. Use `.shape` to take them among other fields. */
export const timeRangeSchema = z.object({
  period: z
    .string()
    .regex(/^[1-9]\d{0,4}[hd]$/, 'must be a number of hours or days, like 24h or 30d')
    .optional(),
  days: z.coerce.number().int().min(1).max(MAX_RANGE_DAYS).optional(),
  start_date: dayOrTime().optional(),
  end_date: dayOrTime().optional(),
});

export type TimeRangeFields = z.output<typeof timeRangeSchema>;

/** A bound as it was given: a local day of the organisation, or a moment. */
export type Bound = { day: string } | { at: Date };

/** Half-open: from `start` up to, not with, `end`. */
export interface TimeRange {
  startInclusive: Date;
  endExclusive: Date;
  timeZone: string;
}

/** The range of equal length that ends where this one starts. */
export function previousRange({ startInclusive, endExclusive, timeZone }: TimeRange): TimeRange {
  const lengthMs = endExclusive.getTime() - startInclusive.getTime();
  return { startInclusive: new Date(startInclusive.getTime() - lengthMs), endExclusive: startInclusive, timeZone };
}

/** A range before its local days are looked up. */
export type RequestedRange = { start: Bound; end: Bound };

export interface RangeFault {
  field: string;
  message: string;
}

function dayOrTime() {
  return z
    .union([z.iso.date(), z.iso.datetime({ offset: true })], {
      error: 'must be a date, 2026-01-31, or a time with offset, 2026-01-31T09:30:00Z',
    })
    .refine((text) => text >= EARLIEST_YEAR && text < LATEST_YEAR_EXCLUSIVE, {
      error: `must lie in the years from ${EARLIEST_YEAR} up to ${LATEST_YEAR_EXCLUSIVE}`,
    });
}

/** Reads the fields of a range; rolling windows end at `now`. */
export function requestedRange(fields: TimeRangeFields, now: Date): RequestedRange | RangeFault {
  const forms = [fields.period, fields.days, fields.start_date ?? fields.end_date].filter((form) => form !== undefined);
  if (forms.length > 1) {
    return { field: 'period', message: 'provide one of period, days, or start_date with end_date' };
  }
  if (fields.start_date !== undefined || fields.end_date !== undefined) {
    if (fields.start_date === undefined) return { field: 'start_date', message: 'is required with end_date' };
    if (fields.end_date === undefined) return { field: 'end_date', message: 'is required with start_date' };
    return { start: bound(fields.start_date, 0), end: bound(fields.end_date, 1) };
  }
  const windowMs = fields.period ? periodMs(fields.period) : (fields.days ?? DEFAULT_DAYS) * DAY_MS;
  return { start: { at: new Date(now.getTime() - windowMs) }, end: { at: now } };
}

/** The rules that a resolved range must keep. */
export function rangeFault(start: Date, end: Date): RangeFault | null {
  if (end <= start) return { field: 'end_date', message: 'must be after start_date' };
  // An hour of slack: 400 local days may hold an hour more when clocks are put back.
  if (end.getTime() - start.getTime() > (MAX_RANGE_DAYS + 1 / 24) * DAY_MS) {
    return { field: 'period', message: `must not be longer than ${MAX_RANGE_DAYS} days` };
  }
  return null;
}

/** A day as an end is meant whole: its bound is the start of the next. */
function bound(text: string, addDays: 0 | 1): Bound {
  if (text.length > 10) return { at: new Date(text) };
  const day = new Date(`${text}T00:00:00.000Z`);
  return { day: new Date(day.getTime() + addDays * DAY_MS).toISOString().slice(0, 10) };
}

function periodMs(period: string): number {
  const count = Number(period.slice(0, -1));
  return period.endsWith('h') ? (count * DAY_MS) / 24 : count * DAY_MS;
}
