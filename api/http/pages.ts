import { z } from 'zod';
import { encodeCursor, type Position } from '../../shared/domain/cursor.ts';
import { rangeSchema } from './time.ts';

const nextCursor = z
  .string()
  .nullable()
  .meta({ description: 'Pass it as `cursor` for the next page; null on the last.' });

/** A page of a list over a time range. */
export function pageSchema<Row extends z.ZodType>(row: Row) {
  return z.object({ data: z.array(row), next_cursor: nextCursor, range: rangeSchema });
}

/** A list that has always one page. */
export function wholeListSchema<Row extends z.ZodType>(row: Row) {
  return z.object({ data: z.array(row), next_cursor: nextCursor });
}

/** The first `limit` of `limit + 1` rows; the extra row shows that the list continues. */
export function pageOf<Item>(items: readonly Item[], limit: number, positionOf: (item: Item) => Position) {
  const data = items.slice(0, limit);
  const last = data.at(-1);
  return { data, next_cursor: items.length > limit && last !== undefined ? encodeCursor(positionOf(last)) : null };
}

/** The position of a row of a local day: the day as midnight UTC, whatever the time zone, and an id within the day. */
export function dayPosition(date: string, id: string): Position {
  return { at: new Date(`${date}T00:00:00Z`), id };
}
