import { z } from 'zod';
import type { AnswerDescription } from '../route.ts';
import { moment } from '../routes/telemetry/stored-schema.ts';

/** The range that an answer used. */
export const rangeSchema = z
  .object({ start: moment(), end: moment(), time_zone: z.string() })
  .meta({ id: 'Range', description: 'The range that this answer used, half-open.' });

/** A page of a list, without a range where the list takes none. */
export function pageSchema(row: z.ZodType, more: z.ZodRawShape = { range: rangeSchema }): z.ZodObject {
  const next = z.string().nullable().meta({ description: 'Give it as `cursor` for the next page; null on the last.' });
  return z.object({ data: z.array(row), next_cursor: next, ...more });
}

/** 201 for a new record, 200 for one that was known. */
export function storedAnswers(schema: z.ZodType): Record<number, AnswerDescription> {
  return {
    200: { description: 'It was known; what is new is merged. As it stands now.', schema },
    201: { description: 'It is stored.', schema },
  };
}
