import { z } from 'zod';
import { decodeCursor } from '../../shared/domain/cursor.ts';
import { timeRangeSchema } from '../../shared/domain/time-range.ts';
import { id, label } from '../../shared/wire.ts';

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 500;

/** The parameters of every list: a range, a user, a search text and a page. */
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

/** `min_<field>` and `max_<field>` for each field. */
export function boundsShape<Field extends string>(fields: readonly Field[]) {
  const bound = z.coerce.number().meta({ type: 'number' });
  return Object.fromEntries(
    fields.flatMap((field) => [
      [`min_${field}`, bound.optional()],
      [`max_${field}`, bound.optional()],
    ]),
  );
}

/** The bounds among parsed parameters, by the fields of `boundsShape`. */
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
