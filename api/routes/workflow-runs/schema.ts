import { z } from 'zod';
import { moment } from '../telemetry/stored-schema.ts';

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

const linksSchema = z.object({
  self: z.string(),
  temporal_ui: z.string().optional().meta({ description: 'For operators.' }),
});

const runFields = {
  workflow_id: z.string().meta({ description: 'Holds slashes; escape it where it stands in a path.' }),
  run_id: z.string(),
  type: z.string(),
  status: z.enum(RUN_STATUSES),
  progress: z
    .record(z.string(), z.unknown())
    .nullable()
    .meta({ description: 'As the workflow tells it; null where it tells none, or nobody answered in time.' }),
  started_at: moment(),
  closed_at: moment().nullable(),
  links: linksSchema,
};

/** A run in a list. */
export const runSchema = z.object(runFields).meta({ id: 'WorkflowRun' });

/** A run by itself. */
export const runDetailSchema = z
  .object({
    ...runFields,
    result: z.unknown().meta({ description: 'Of a completed run: what it came to. Otherwise null.' }),
    error: z.string().nullable().meta({ description: 'Why it failed.' }),
  })
  .meta({ id: 'WorkflowRunDetail' });

/** Work that was begun. */
export const startedSchema = z
  .object({
    id: z.string(),
    workflow_id: z.string(),
    run_id: z.string(),
    status: z.enum(RUN_STATUSES),
    links: linksSchema,
  })
  .meta({ id: 'StartedRun' });
