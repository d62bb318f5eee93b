import { resolveRange } from '../../../shared/calendar/resolve-range.ts';
import { dbOf } from '../../../shared/db/orm.ts';
import { TidemarkError } from '../../../shared/errors.ts';
import { executions } from '../../../shared/facts/executions.ts';
import { type FactList, listFacts } from '../../../shared/telemetry/list-facts.ts';
import { readExecution } from '../../../shared/telemetry/read-execution.ts';
import { ownUserId } from '../../http/narrow.ts';
import { pageSchema } from '../../http/pages.ts';
import { presentRange } from '../../http/time.ts';
import { type Access, defineRoute, type Route } from '../../route.ts';
import { factListQuery, factPage } from '../fact-list.ts';
import { presentExecution, presentListedExecution } from './present.ts';
import { EXECUTION_MEASURES, executionDetailSchema, executionsQuery, listedExecutionSchema } from './schema.ts';

const read: Access = { least: 'admin', scope: 'executions', self: true };

const executionList: FactList = {
  fact: executions,
  filters: ['agent_id', 'status', 'session_id', 'workflow_id', 'correlation_id', 'task_name', 'error_type'],
  measures: EXECUTION_MEASURES,
  searched: ['execution_id', 'agent_id', 'task_name', 'query', 'response', 'error_type', 'error_message'],
};

const list = defineRoute({
  method: 'GET',
  path: '/executions',
  access: read,
  tag: 'Executions',
  summary: 'List executions, the latest first',
  answers: { 200: { description: 'A page of executions.', schema: pageSchema(listedExecutionSchema) } },
  query: executionsQuery,
  async handle(context, { query }) {
    const db = dbOf(context.em);
    const range = await resolveRange(db, query, context.caller.timeZone, new Date());
    const rows = await listFacts(db, executionList, factListQuery(context, executionList, range, query));
    const page = factPage(executionList, rows, query.limit);
    const data = page.data.map(presentListedExecution);
    return { status: 200, body: { data, next_cursor: page.next_cursor, range: presentRange(range) } };
  },
});

const detail = defineRoute({
  method: 'GET',
  path: '/executions/:id',
  access: read,
  tag: 'Executions',
  summary: 'Get one execution with its tool usages and AI usage',
  answers: { 200: { description: 'The execution.', schema: executionDetailSchema } },
  example: { params: { id: 'run-1' } },
  async handle(context, { params: { id } }) {
    const found = await readExecution(dbOf(context.em), context.caller.credential.orgId, id);
    const own = ownUserId(context);
    if (!found || (own !== undefined && found.execution.user_id !== own)) {
      throw new TidemarkError('not-found', `No execution ${id}.`);
    }
    return { status: 200, body: presentExecution(found) };
  },
});

export const executionRoutes: readonly Route[] = [list, detail];
