import { z } from 'zod';
import { label, status } from '../../../shared/wire.ts';
import { boundsShape, listShape } from '../../http/list-query.ts';
import { storedSchemas } from '../telemetry/stored-schema.ts';

/** Columns of executions that the list bounds by `min_` and `max_`. */
export const EXECUTION_MEASURES = [
  'duration_ms',
  'total_tokens',
  'input_tokens',
  'output_tokens',
  'steps',
  'retry_count',
  'api_calls_count',
] as const;

export const executionsQuery = z.strictObject({
  ...listShape,
  agent_id: label().optional(),
  status: status().optional(),
  session_id: label().optional(),
  workflow_id: label().optional(),
  correlation_id: label().optional(),
  task_name: label(1024).optional(),
  error_type: label().optional(),
  ...boundsShape(EXECUTION_MEASURES),
});

/** Of the agent, null if unknown. */
const agentShape = { agent_name: z.string().nullable(), agent_type: z.string().nullable() };
export const listedExecutionSchema = z
  .object({ ...storedSchemas.executions.shape, ...agentShape })
  .meta({ id: 'ListedExecution', description: 'One execution with its agent.' });
export const executionDetailSchema = z
  .object({
    ...listedExecutionSchema.shape,
    agent_tags: z.array(z.string()),
    tool_count: z.number().int(),
    tools_called: z.array(z.string()).meta({ description: 'Each tool once, in the order of the first calls.' }),
    tool_usages: z.array(storedSchemas.tool_usages),
    ai_usage: z.array(storedSchemas.ai_usage),
  })
  .meta({ id: 'ExecutionDetail' });
