import { z } from 'zod';
import { timeRangeSchema } from '../../../shared/domain/time-range.ts';
import { listShape } from '../../http/list-query.ts';
import { temporalUiShape } from '../../http/temporal-links.ts';
import { moment } from '../../http/time.ts';

export const RUN_STATUSES = [
  'running',
  'paused',
  'completed',
  'failed',
  'cancelled',
  'terminated',
  'continued',
  'timed_out',
] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

export const runsQuery = z.strictObject({
  ...timeRangeSchema.shape,
  limit: listShape.limit,
  // URL-safe characters only: an escaped cursor could exceed the server's limit of a URL.
  cursor: z
    .string()
    .max(4096)
    .regex(/^[\w-]*$/, 'invalid cursor')
    .optional(),
  type: z
    .string()
    .regex(/^\w{1,100}$/, 'must be the name of a workflow')
    .optional(),
  // Older Temporal servers reject queries that name the status Paused.
  status: z.enum(RUN_STATUSES).exclude(['paused']).optional(),
});

const linksSchema = z.object({ self: z.string(), ...temporalUiShape });

const runFields = {
  workflow_id: z.string().meta({ description: 'Contains slashes; escape it in a path.' }),
  run_id: z.string(),
  type: z.string(),
  status: z.enum(RUN_STATUSES),
  progress: z
    .record(z.string(), z.unknown())
    .nullable()
    .meta({ description: 'As reported by the workflow; null if it reports none or no worker replied in time.' }),
  started_at: moment(),
  closed_at: moment().nullable(),
  links: linksSchema,
};

/** A run in a list. */
export const runSchema = z.object(runFields).meta({ id: 'WorkflowRun' });

/** One run. */
export const runDetailSchema = z
  .object({
    ...runFields,
    result: z.unknown().meta({ description: 'The result of a completed run, otherwise null.' }),
    error: z.string().nullable().meta({ description: 'The reason of a failure.' }),
  })
  .meta({ id: 'WorkflowRunDetail' });

/** A started or signalled run. */
export const startedSchema = z
  .object({
    id: z.string(),
    workflow_id: z.string(),
    run_id: z.string(),
    status: z.enum(RUN_STATUSES),
    links: linksSchema,
  })
  .meta({ id: 'StartedRun' });
