import { z } from 'zod';
import type { FieldError } from '../../shared/errors.ts';

/** A longer span would occupy one run for hours. */
const MAX_DAYS = 400;
const DAY_MS = 86_400_000;

/** Local days, both bounds inclusive, and whether existing days are recomputed. */
export const daySpanShape = {
  start_date: z.iso.date(),
  end_date: z.iso.date(),
  force: z.boolean().default(false).meta({ description: 'Recompute existing days too.' }),
};

/** The fault of a span of days, if any. */
export function datesFault(startDate: string, endDate: string): FieldError | null {
  const days = (Date.parse(endDate) - Date.parse(startDate)) / DAY_MS + 1;
  if (days < 1) return { field: 'end_date', message: 'must not be before start_date' };
  if (days > MAX_DAYS) return { field: 'end_date', message: `must be within ${MAX_DAYS} days of start_date` };
  return null;
}
