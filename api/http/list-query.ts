import { z } from 'zod';
import { decodeCursor, encodeCursor, type Position } from '../../shared/domain/cursor.ts';
import { type TimeRange, timeRangeSchema } from '../../shared/domain/time-range.ts';
import { id, label } from '../../shared/wire.ts';

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 500;

/** What every list takes: a range, a user, a text to look for, and where to go on. */
export const listShape = {
  ...timeRangeSchema.shape,
  user_id: id().optional(),
  search: label().optional(),
  limit: z.coerce.number().int().min(1).max(MAX_LIMIT).default(DEFAULT_LIMIT),
  cursor: z
    .string()
    .max(1024)
    .transform((text) => decodeCursor(text))
    .optional(),
};

/** `min_<field>` and `max_<field>` for each number. */
export function boundsShape<Field extends string>(fields: readonly Field[]) {
  const bound = z.coerce.number().meta({ type: 'number' });
  return Object.fromEntries(
    fields.flatMap((field) => [
      [`min_${field}`, bound.optional()],
      [`max_${field}`, bound.optional()],
    ]),
  );
}

/** The bounds that a request gives, out of its parameters, by the fields of `boundsShape`. */
export function boundsOf<Field extends string>(parameters: object, fields: readonly Field[]) {
  const given = new Map<string, unknown>(Object.entries(parameters));
  const bounds = (prefix: 'min' | 'max') => {
    const found: Partial<Record<Field, number>> = {};
    for (const field of fields) {
      const value = given.get(`${prefix}_${field}`);
      if (typeof value === 'number') found[field] = value;
    }
    return found;
  };
  return { atLeast: bounds('min'), atMost: bounds('max') };
}

/** The position of a row of a local day: the day as its midnight in UTC, whatever the time zone, and an id in it. */
export function dayPosition(date: string, id: string): Position {
  return { at: new Date(`${date}T00:00:00Z`), id };
}

/** A range as every answer repeats it. */
export function presentRange(range: TimeRange) {
  return {
    start: range.startInclusive.toISOString(),
    end: range.endExclusive.toISOString(),
    time_zone: range.timeZone,
  };
}

/** A page of `limit` rows out of `limit + 1` that were read: the one too many says that the list goes on. */
export function pageOf<Item>(items: readonly Item[], limit: number, positionOf: (item: Item) => Position) {
  const data = items.slice(0, limit);
  const last = data.at(-1);
  return { data, next_cursor: items.length > limit && last !== undefined ? encodeCursor(positionOf(last)) : null };
}
