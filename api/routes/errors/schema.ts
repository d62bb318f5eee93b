import { z } from 'zod';
import { ERROR_STATUSES } from '../../../shared/domain/error-status.ts';
import { ERROR_LEVELS } from '../../../shared/wire.ts';
import { rangeSchema } from '../../http/answers.ts';
import { moment, storedSchemas } from '../telemetry/stored-schema.ts';

const count = () => z.number().int().min(0);

/** What is decided about a group of equal errors, and how often and when it occurred (present.ts). */
const groupShape = {
  status: z.enum(ERROR_STATUSES).meta({ description: 'Of the group; a resolved one that comes back is open again.' }),
  occurrences: count().meta({ description: 'Of the group, whatever the range.' }),
  first_seen: moment().nullable(),
  last_seen: moment().nullable(),
};

/** A row of the list is without its long parts, which the detail shows. */
export const listedErrorSchema = z
  .object({
    id: z.string(),
    ...storedSchemas.errors.omit({ stack_trace: true, context: true }).shape,
    ...groupShape,
    occurrences_in_range: count().optional().meta({ description: 'Of the group; where groups are listed.' }),
  })
  .meta({ id: 'ListedError', description: 'One occurrence of an error, with its group.' });

export const errorDetailSchema = z
  .object({
    id: z.string(),
    ...storedSchemas.errors.shape,
    ...groupShape,
    resolved_by: z.string().nullable(),
    resolved_at: moment().nullable(),
    resolution_note: z.string().nullable(),
    status_changed_by: z.string().nullable().meta({ description: 'Null where a new occurrence reopened it.' }),
    status_changed_at: moment().nullable().meta({ description: 'Null where nobody decided anything yet.' }),
    reopened_at: moment().nullable().meta({ description: 'When it last came back after a resolution.' }),
    reopen_count: count().meta({ description: 'How often it came back after a resolution.' }),
    grouping: z
      .object({
        fingerprint: z.string(),
        basis: z
          .array(z.object({ part: z.enum(['exception_type', 'message', 'frames']), value: z.string() }))
          .meta({ description: 'What was hashed: what is equal in all errors of the group.' }),
        explanation: z.string(),
      })
      .meta({ description: 'Why it is in its group.' }),
  })
  .meta({ id: 'ErrorDetail' });

export const errorStatsSchema = z
  .object({
    total: count().meta({ description: 'Occurrences in the range.' }),
    unresolved: count().meta({ description: 'Of them, those whose group is open.' }),
    groups: z
      .object({ open: count(), resolved: count(), ignored: count() })
      .meta({ description: 'Groups with occurrences in the range, by status.' }),
    by_level: z.object(Object.fromEntries(ERROR_LEVELS.map((level) => [level, count()]))),
    by_type: z
      .array(
        z.object({
          type: z.string().nullable().meta({ description: 'The exception type; null where none was told.' }),
          count: count(),
          percentage: z.number(),
        }),
      )
      .meta({ description: 'The 100 most frequent.' }),
    by_day: z
      .array(z.object({ date: z.iso.date(), count: count() }))
      .meta({ description: 'Every local day of the range, as far as the range holds it.' }),
    top: z
      .array(
        z.object({
          fingerprint: z.string(),
          error_id: z.string().meta({ description: 'The latest occurrence in the range.' }),
          message: z.string(),
          exception_type: z.string().nullable(),
          count: count(),
          last_seen: moment(),
          status: z.enum(ERROR_STATUSES),
        }),
      )
      .meta({ description: 'The 10 groups with the most occurrences in the range.' }),
    trend_percent: z
      .number()
      .nullable()
      .meta({ description: 'Against the range of the same length before; null where that had no errors.' }),
    range: rangeSchema,
  })
  .meta({ id: 'ErrorStats' });
