import { inTransaction } from '../../../shared/db/transaction.ts';
import { validationError } from '../../../shared/errors.ts';
import { agentWorkflows } from '../../../shared/facts/agent-workflows.ts';
import { aiUsage } from '../../../shared/facts/ai-usage.ts';
import { apiCalls } from '../../../shared/facts/api-calls.ts';
import { agents, type Dimension, users } from '../../../shared/facts/dimensions.ts';
import { errors } from '../../../shared/facts/errors.ts';
import { events } from '../../../shared/facts/events.ts';
import { executions } from '../../../shared/facts/executions.ts';
import type { Row } from '../../../shared/facts/fields.ts';
import type { Fact } from '../../../shared/facts/index.ts';
import { sessions } from '../../../shared/facts/sessions.ts';
import { toolUsages } from '../../../shared/facts/tool-usages.ts';
import { prepareBatch } from '../../../shared/telemetry/prepare.ts';
import { storeBatch } from '../../../shared/telemetry/store-batch.ts';
import { type Access, defineRoute, type RequestContext, type Route } from '../../route.ts';
import {
  batchAnswerSchema,
  dimensionAnswer,
  loggedErrorSchema,
  storedAnswers,
  trackedSchema,
} from './answer-schema.ts';
import { ingestMany, ingestOne, receiverOf, requireValid } from './ingest.ts';
import { patchRecord } from './patch.ts';
import { presentFact, presentLoggedError } from './present.ts';
import { batchBody, dimensionBody, recordBody, recordChanges } from './record-schema.ts';
import { storedSchemas } from './stored-schema.ts';

const access: Access = { least: 'ingest', scope: 'telemetry' };
const tag = 'Telemetry';

/** `POST` of one record of a fact: 201 for a new id, 200 for a known one. */
function recordRoute(path: string, fact: Fact): Route {
  return defineRoute({
    method: 'POST',
    path,
    access,
    tag,
    summary: `Store one ${fact.noun}`,
    body: { kind: 'record', documentedBy: recordBody(fact) },
    answers: storedAnswers(storedSchemas[fact.kind]),
    example: { body: fact.example },
    handle: (context, { body }) =>
      ingestOne(context, fact, body, ({ outcome }, row) => ({
        status: outcome === 'stored' ? 201 : 200,
        body: presentFact(fact, row),
      })),
  });
}

/** `PATCH` of one existing record. */
function finishRoute(path: string, fact: Fact): Route {
  return defineRoute({
    method: 'PATCH',
    path: `${path}/:id`,
    access,
    tag,
    summary: `Finish or change one ${fact.noun}`,
    description:
      'The given fields are overwritten, but a final status is kept. A final status without an end time ends the record now.',
    body: { kind: 'record', documentedBy: recordChanges(fact) },
    takesIdempotencyKey: true,
    answers: { 200: { description: 'The current state of the record.', schema: storedSchemas[fact.kind] } },
    example: {
      params: { id: String(fact.example[fact.idColumn]) },
      body: fact.changeExample,
    },
    handle: (context, { params, body }) => patchRecord(context, fact, params.id, body),
  });
}

const logAiUsage = defineRoute({
  method: 'POST',
  path: '/log-ai-usage',
  access,
  tag,
  summary: `Store one ${aiUsage.noun}`,
  body: { kind: 'record', documentedBy: recordBody(aiUsage) },
  answers: { 202: { description: 'The record is stored, with its cost.', schema: storedSchemas.ai_usage } },
  example: { body: aiUsage.example },
  handle: (context, { body }) =>
    ingestOne(context, aiUsage, body, (_, row) => ({ status: 202, body: presentFact(aiUsage, row) })),
});

const logError = defineRoute({
  method: 'POST',
  path: '/errors/log',
  access,
  tag,
  summary: `Store one ${errors.noun}`,
  body: { kind: 'record', documentedBy: recordBody(errors) },
  answers: storedAnswers(loggedErrorSchema),
  example: { body: errors.example },
  handle: (context, { body }) =>
    ingestOne(context, errors, body, ({ id, outcome }, row) => ({
      status: outcome === 'stored' ? 201 : 200,
      body: presentLoggedError(id, row),
    })),
});

const track = defineRoute({
  method: 'POST',
  path: '/track',
  access,
  tag,
  summary: 'Store one page event with the address and user agent of the client',
  description: 'Address and user agent are taken from the request, unless the privacy settings exclude them.',
  body: { kind: 'record', documentedBy: recordBody(events).partial() },
  answers: { 202: { description: 'The event is stored.', schema: trackedSchema } },
  example: { body: { event_type: 'page_view', properties: { path: '/pricing' } } },
  handle(context, { body }) {
    const event_type = body.event_type ?? 'custom';
    const event = {
      ...body,
      event_type,
      event_name: body.event_name ?? event_type,
      ip_address: body.ip_address ?? context.origin.ip,
      user_agent: body.user_agent ?? context.origin.userAgent,
    };
    return ingestOne(context, events, event, ({ id }) => ({ status: 202, body: { event_id: id } }));
  },
});

const batch = defineRoute({
  method: 'POST',
  path: '/batch',
  access,
  tag,
  summary: 'Store up to 10,000 records of any kind',
  description: 'Valid records are stored even if others are rejected. Accepted records are durable.',
  body: { kind: 'batch', documentedBy: batchBody() },
  answers: { 202: { description: 'The outcome of the batch.', schema: batchAnswerSchema } },
  example: {
    body: [
      { type: 'session', ...sessions.example },
      { type: 'execution', ...executions.example, status: 'success' },
      { type: 'ai_usage', ...aiUsage.example },
    ],
  },
  handle: (context, { body }) => ingestMany(context, body),
});

/** `PUT` of one user or agent. */
function dimensionRoute(path: string, dimension: Dimension, example: object): Route {
  return defineRoute({
    method: 'PUT',
    path: `${path}/:id`,
    access,
    tag,
    summary: `Create or update one ${dimension.recordType}`,
    description: 'The given fields are merged into the stored ones.',
    body: { kind: 'record', documentedBy: dimensionBody(dimension) },
    answers: { 200: { description: 'The accepted fields.', schema: dimensionAnswer(dimension) } },
    example: { params: { id: dimension.name === 'users' ? 'jane' : 'support' }, body: example },
    handle: async (context, { params, body }) => {
      await putDimension(context, dimension, params.id, body);
      return { status: 200, body: { ...body, [dimension.idColumn]: params.id } };
    },
  });
}

async function putDimension(context: RequestContext, dimension: Dimension, id: string, fields: Row): Promise<void> {
  const reserved = Object.keys(fields).filter(
    (field) => field === 'type' || (field === dimension.idColumn && fields[field] !== id),
  );
  if (reserved.length > 0) throw validationError(reserved.map((field) => ({ field, message: 'unknown field' })));
  const receiver = await receiverOf(context);
  const record = { ...fields, [dimension.idColumn]: id, type: dimension.recordType };
  const prepared = prepareBatch([record], receiver, new Date());
  requireValid(prepared.errors, dimension.recordType);
  await inTransaction(context.em, (trx) => storeBatch(trx, receiver.orgId, prepared));
}

/** All routes that receive telemetry. */
export const telemetryRoutes: readonly Route[] = [
  recordRoute('/events', events),
  track,
  batch,
  logAiUsage,
  recordRoute('/executions', executions),
  finishRoute('/executions', executions),
  recordRoute('/tool-usages', toolUsages),
  finishRoute('/tool-usages', toolUsages),
  recordRoute('/workflows', agentWorkflows),
  finishRoute('/workflows', agentWorkflows),
  recordRoute('/sessions', sessions),
  finishRoute('/sessions', sessions),
  logError,
  recordRoute('/api-calls', apiCalls),
  dimensionRoute('/users', users, { email: 'jane@example.com', name: 'Jane Doe' }),
  dimensionRoute('/agents', agents, { name: 'Support agent', agent_type: 'assistant', tags: ['production'] }),
];
