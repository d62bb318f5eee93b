import { z } from 'zod';
import { resolveRange } from '../../../shared/calendar/resolve-range.ts';
import { dbOf } from '../../../shared/db/orm.ts';
import { TidemarkError } from '../../../shared/errors.ts';
import { aiUsage } from '../../../shared/facts/ai-usage.ts';
import { executions } from '../../../shared/facts/executions.ts';
import { toolUsages } from '../../../shared/facts/tool-usages.ts';
import { type FactList, listFacts } from '../../../shared/telemetry/list-facts.ts';
import { type ExecutionDetail, readExecution } from '../../../shared/telemetry/read-execution.ts';
import { label, status } from '../../../shared/wire.ts';
import { pageSchema } from '../../http/answers.ts';
import { boundsShape, listShape, presentRange } from '../../http/list-query.ts';
import { ownUserId } from '../../http/narrow.ts';
import { type Access, defineRoute, type Route } from '../../route.ts';
import { factListQuery, factPage } from '../fact-list.ts';
import { presentFact } from '../telemetry/present.ts';
import { storedSchemas } from '../telemetry/stored-schema.ts';

const read: Access = { least: 'admin', scope: 'executions', self: true };

const executionList: FactList = {
  fact: executions,
  filters: ['agent_id', 'status', 'session_id', 'workflow_id', 'correlation_id', 'task_name', 'error_type'],
  measures: ['duration_ms', 'total_tokens', 'input_tokens', 'output_tokens', 'steps', 'retry_count', 'api_calls_count'],
  searched: ['execution_id', 'agent_id', 'task_name', 'query', 'response', 'error_type', 'error_message'],
};

const listQuery = z.strictObject({
  ...listShape,
  agent_id: label().optional(),
  status: status().optional(),
  session_id: label().optional(),
  workflow_id: label().optional(),
  correlation_id: label().optional(),
  task_name: label(1024).optional(),
  error_type: label().optional(),
  ...boundsShape(executionList.measures),
});

const agentShape = { agent_name: z.string().nullable(), agent_type: z.string().nullable() };
const listedSchema = z
  .object({ ...storedSchemas.executions.shape, ...agentShape })
  .meta({ id: 'ListedExecution', description: 'One execution, with what is known of its agent.' });
const detailSchema = z
  .object({
    ...listedSchema.shape,
    agent_tags: z.array(z.string()),
    tool_count: z.number().int(),
    tools_called: z.array(z.string()).meta({ description: 'Each tool once, in the order of its first call.' }),
    tool_usages: z.array(storedSchemas.tool_usages),
    ai_usage: z.array(storedSchemas.ai_usage),
  })
  .meta({ id: 'ExecutionDetail' });

const list = defineRoute({
  method: 'GET',
  path: '/executions',
  access: read,
  tag: 'Executions',
  summary: 'List executions, the latest first',
  answers: { 200: { description: 'A page of executions.', schema: pageSchema(listedSchema) } },
  query: listQuery,
  async handle(context, query) {
    const db = dbOf(context.em);
    const range = await resolveRange(db, query, context.caller.timeZone, new Date());
    const rows = await listFacts(db, executionList, factListQuery(context, executionList, range, query));
    const page = factPage(executionList, rows, query.limit);
    const data = page.data.map((row) => ({
      ...presentFact(executions, row),
      agent_name: row.agent_name ?? null,
      agent_type: row.agent_type ?? null,
    }));
    return { status: 200, body: { data, next_cursor: page.next_cursor, range: presentRange(range) } };
  },
});

const detail = defineRoute({
  method: 'GET',
  path: '/executions/:id',
  access: read,
  tag: 'Executions',
  summary: 'Show one execution with its tool usages and AI usage',
  answers: { 200: { description: 'The execution.', schema: detailSchema } },
  example: { params: { id: 'run-1' } },
  async handle(context) {
    const id = context.params.id ?? '';
    const found = await readExecution(dbOf(context.em), context.caller.credential.orgId, id);
    const own = ownUserId(context);
    if (!found || (own !== undefined && found.execution.user_id !== own)) {
      throw new TidemarkError('not-found', `There is no execution ${id}.`);
    }
    return { status: 200, body: presentDetail(found) };
  },
});

function presentDetail(found: ExecutionDetail) {
  return {
    ...presentFact(executions, found.execution),
    agent_name: found.agent?.name ?? null,
    agent_type: found.agent?.agent_type ?? null,
    agent_tags: found.agent?.tags ?? [],
    tool_count: found.toolCount,
    tools_called: [...new Set(found.toolUsages.map((usage) => usage.tool_name))],
    tool_usages: found.toolUsages.map((usage) => presentFact(toolUsages, usage)),
    ai_usage: found.aiUsage.map((usage) => presentFact(aiUsage, usage)),
  };
}

export const executionRoutes: readonly Route[] = [list, detail];
