import { z } from 'zod';
import type { FieldError } from '../../shared/errors.ts';

/** More would hold a run for hours; who needs it asks for the years one by one. */
const MAX_DAYS = 400;
const DAY_MS = 86_400_000;

/** Local days from one to another, both included, and whether those that are there are made anew. */
export const daySpanShape = {
  start_date: z.iso.date(),
  end_date: z.iso.date(),
  force: z.boolean().default(false).meta({ description: 'Also make anew what is there already.' }),
};

/** What is wrong with a span of days. */
export function datesFault(startDate: string, endDate: string): FieldError | null {
  const days = (Date.parse(endDate) - Date.parse(startDate)) / DAY_MS + 1;
  if (days < 1) return { field: 'end_date', message: 'must not lie before start_date' };
  if (days > MAX_DAYS) return { field: 'end_date', message: `must lie within ${MAX_DAYS} days of start_date` };
  return null;
}
