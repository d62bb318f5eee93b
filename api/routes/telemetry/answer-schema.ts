import { z } from 'zod';
import type { Dimension } from '../../../shared/facts/dimensions.ts';
import { dimensionBody } from './record-schema.ts';
import { storedSchemas } from './stored-schema.ts';

/** The answers of storing one record: 201 for a new id, 200 for a known one. */
export function storedAnswers<Schema extends z.ZodType>(schema: Schema) {
  return {
    200: { description: 'A known record: new fields are merged. Its current state.', schema },
    201: { description: 'The record is stored.', schema },
  };
}

export const loggedErrorSchema = z
  .object({ id: z.string(), ...storedSchemas.errors.shape })
  .meta({ id: 'LoggedError' });

export const trackedSchema = z.object({ event_id: z.string() });

export const batchAnswerSchema = z.object({
  accepted: z.number().int().meta({ description: 'Stored or merged.' }),
  duplicates: z.number().int().meta({ description: 'Known records without new fields.' }),
  rejected: z.number().int(),
  errors: z.array(
    z.object({
      index: z.number().int().meta({ description: 'Index of the record, from 0.' }),
      field: z.string(),
      message: z.string(),
    }),
  ),
  errors_omitted: z
    .number()
    .int()
    .optional()
    .meta({ description: 'Errors beyond 20 of one record and 1,000 of the batch; absent if all are listed.' }),
});

/** The accepted fields of a user or agent, with its id. */
export function dimensionAnswer(dimension: Dimension): z.ZodObject {
  return z.object({ ...dimensionBody(dimension).shape, [dimension.idColumn]: z.string() });
}
