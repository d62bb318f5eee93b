import { z } from 'zod';
import { ERROR_STATUSES } from '../../../shared/domain/error-status.ts';
import { timeRangeSchema } from '../../../shared/domain/time-range.ts';
import { ERROR_LEVELS, id, label } from '../../../shared/wire.ts';
import { boundsShape, listShape } from '../../http/list-query.ts';
import { moment, rangeSchema } from '../../http/time.ts';
import { storedSchemas } from '../telemetry/stored-schema.ts';

/** Columns of errors that the list bounds by `min_` and `max_`. */
export const ERROR_MEASURES = ['status_code'] as const;

export const errorsQuery = z.strictObject({
  ...listShape,
  level: z.enum(ERROR_LEVELS).optional(),
  exception_type: label().optional(),
  status: z.enum(ERROR_STATUSES).optional(),
  fingerprint: label().optional(),
  session_id: id().optional(),
  execution_id: id().optional(),
  ...boundsShape(ERROR_MEASURES),
  group: z.enum(['true', 'false']).default('false').meta({ description: 'One row for each fingerprint.' }),
});

export const errorStatsQuery = z.strictObject(timeRangeSchema.shape);

export const groupChangesSchema = z
  .strictObject({
    status: z.enum(ERROR_STATUSES),
    resolution_note: label(4096).optional().meta({ description: 'For a resolved or ignored group.' }),
  })
  .refine(({ status, resolution_note }) => status !== 'open' || resolution_note === undefined, {
    path: ['resolution_note'],
    error: 'is only for a resolved or ignored group; omit it',
  });

const count = () => z.number().int().min(0);

/** The status and the occurrences of an error group. */
const groupShape = {
  status: z.enum(ERROR_STATUSES).meta({ description: 'Of the group; a new occurrence reopens a resolved group.' }),
  occurrences: count().meta({ description: 'Of the group, in all time.' }),
  first_seen: moment().nullable(),
  last_seen: moment().nullable(),
};

/** Without the long fields, which only the detail has. */
export const listedErrorSchema = z
  .object({
    id: z.string(),
    ...storedSchemas.errors.omit({ stack_trace: true, context: true }).shape,
    ...groupShape,
    occurrences_in_range: count().optional().meta({ description: 'Of the group; only in lists of groups.' }),
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
    status_changed_by: z.string().nullable().meta({ description: 'Null if a new occurrence reopened it.' }),
    status_changed_at: moment().nullable().meta({ description: 'Null for a group that was never changed.' }),
    reopened_at: moment().nullable().meta({ description: 'When it was last reopened by a new occurrence.' }),
    reopen_count: count().meta({ description: 'How often it was reopened by a new occurrence.' }),
    grouping: z
      .object({
        fingerprint: z.string(),
        basis: z
          .array(z.object({ part: z.enum(['exception_type', 'message', 'frames']), value: z.string() }))
          .meta({ description: 'The hashed parts: equal in all errors of the group.' }),
        explanation: z.string(),
      })
      .meta({ description: 'Why the error belongs to this group.' }),
  })
  .meta({ id: 'ErrorDetail' });

export const errorStatsSchema = z
  .object({
    total: count().meta({ description: 'Occurrences in the range.' }),
    unresolved: count().meta({ description: 'Occurrences of open groups.' }),
    groups: z
      .object({ open: count(), resolved: count(), ignored: count() })
      .meta({ description: 'Groups with occurrences in the range, by status.' }),
    by_level: z.object({ DEBUG: count(), INFO: count(), WARNING: count(), ERROR: count(), CRITICAL: count() }),
    by_type: z
      .array(
        z.object({
          type: z.string().nullable().meta({ description: 'The exception type; null for errors without one.' }),
          count: count(),
          percentage: z.number(),
        }),
      )
      .meta({ description: 'The 100 most frequent.' }),
    by_day: z
      .array(z.object({ date: z.iso.date(), count: count() }))
      .meta({ description: 'Every local day of the range; a day at its edge may be partial.' }),
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
      .meta({ description: 'Change from the preceding range of the same length; null if that had no errors.' }),
    range: rangeSchema,
  })
  .meta({ id: 'ErrorStats' });
