import { z } from 'zod';
import { timeRangeSchema } from './time-range.ts';

const filterValue = z.union([z.string().max(1024), z.number(), z.boolean()]);

/** `parameters` of `POST /reports`: the range, and which rows of it. */
export const reportParametersSchema = z.strictObject({
  ...timeRangeSchema.shape,
  user_id: z.string().min(1).max(128).optional(),
  agent_ids: z.array(z.string().min(1).max(128)).min(1).max(500).optional(),
  agent_tags: z.array(z.string().min(1).max(256)).min(1).max(100).optional(),
  filters: z.record(z.string(), z.union([filterValue, z.array(filterValue).min(1).max(500)])).optional(),
});

export type ReportParameters = z.output<typeof reportParametersSchema>;

/** True where not every row of the range is wanted: such a report's rows may change while it is read. */
export function hasRowFilters({ user_id, agent_ids, agent_tags, filters }: ReportParameters): boolean {
  return [user_id, agent_ids, agent_tags, filters].some((filter) => filter !== undefined);
}
