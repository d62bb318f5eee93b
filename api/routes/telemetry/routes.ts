import { z } from 'zod';
import { dbOf } from '../../../shared/db/orm.ts';
import { TidemarkError, validationError } from '../../../shared/errors.ts';
import { agentWorkflows } from '../../../shared/facts/agent-workflows.ts';
import { aiUsage } from '../../../shared/facts/ai-usage.ts';
import { apiCalls } from '../../../shared/facts/api-calls.ts';
import { agents, type Dimension, users } from '../../../shared/facts/dimensions.ts';
import { errors } from '../../../shared/facts/errors.ts';
import { events } from '../../../shared/facts/events.ts';
import { executions } from '../../../shared/facts/executions.ts';
import type { Fact } from '../../../shared/facts/index.ts';
import { sessions } from '../../../shared/facts/sessions.ts';
import { toolUsages } from '../../../shared/facts/tool-usages.ts';
import { prepareBatch } from '../../../shared/telemetry/prepare.ts';
import { storeBatch } from '../../../shared/telemetry/store-batch.ts';
import { storedAnswers } from '../../http/answers.ts';
import { type Access, type AnswerDescription, defineRoute, type RequestContext, type Route } from '../../route.ts';
import { ingestMany, ingestOne, type Present, presentStored, receiverOf } from './ingest.ts';
import { patchRecord } from './patch.ts';
import { presentFact } from './present.ts';
import { batchBody, dimensionBody, recordBody, recordChanges } from './record-schema.ts';
import { storedSchemas } from './stored-schema.ts';

const write: Access = { least: 'ingest', scope: 'telemetry' };

/** `POST` of one record of a fact. */
function recordRoute(
  path: string,
  fact: Fact,
  present: Present = presentStored(fact),
  answers: Readonly<Record<number, AnswerDescription>> = storedAnswers(storedSchemas[fact.kind]),
): Route {
  return defineRoute({
    method: 'POST',
    path,
    access: write,
    tag: 'Telemetry',
    summary: `Store one ${fact.noun}`,
    body: 'json',
    bodySchema: recordBody(fact),
    answers,
    example: { body: fact.example },
    handle: (context) => ingestOne(context, fact, context.body.object(), present),
  });
}

/** `PATCH` of one record that is known. */
function finishRoute(path: string, fact: Fact): Route {
  return defineRoute({
    method: 'PATCH',
    path: `${path}/:id`,
    access: write,
    tag: 'Telemetry',
    summary: `Finish or change one ${fact.noun}`,
    description: 'What is named is overwritten, but a final status stands. A finish without a time is a finish now.',
    body: 'json',
    bodySchema: recordChanges(fact),
    takesIdempotencyKey: true,
    answers: { 200: { description: 'As it stands now.', schema: storedSchemas[fact.kind] } },
    example: {
      params: { id: String(fact.example[fact.idColumn]) },
      body: fact.changeExample,
    },
    handle: (context) => patchRecord(context, fact, context.params.id ?? ''),
  });
}

const track = defineRoute({
  method: 'POST',
  path: '/track',
  access: write,
  tag: 'Telemetry',
  summary: 'Store one event of a page, with its caller',
  description: "The caller's address and user agent are kept with it, unless the privacy settings say no.",
  body: 'json',
  bodySchema: recordBody(events).partial(),
  answers: { 202: { description: 'It is stored.', schema: z.object({ event_id: z.string() }) } },
  example: { body: { event_type: 'page_view', properties: { path: '/pricing' } } },
  handle(context) {
    const fields = context.body.object();
    const event_type = fields.event_type ?? 'custom';
    const event = {
      ...fields,
      event_type,
      event_name: fields.event_name ?? event_type,
      ip_address: fields.ip_address ?? context.origin.ip,
      user_agent: fields.user_agent ?? context.origin.userAgent,
    };
    return ingestOne(context, events, event, ({ id }) => ({ status: 202, body: { event_id: id } }));
  },
});

const batchAnswerSchema = z.object({
  accepted: z.number().int().meta({ description: 'Stored or merged.' }),
  duplicates: z.number().int().meta({ description: 'Known already, with nothing new.' }),
  rejected: z.number().int(),
  errors: z.array(
    z.object({
      index: z.number().int().meta({ description: 'Which record, from 0.' }),
      field: z.string(),
      message: z.string(),
    }),
  ),
});

const batch = defineRoute({
  method: 'POST',
  path: '/batch',
  access: write,
  tag: 'Telemetry',
  summary: 'Store up to 10,000 records of any kind',
  description: 'Good records are stored even where others are bad. What is accepted is durable.',
  body: 'json-or-ndjson',
  bodySchema: batchBody(),
  answers: { 202: { description: 'What became of the records.', schema: batchAnswerSchema } },
  example: {
    body: [
      { type: 'session', ...sessions.example },
      { type: 'execution', ...executions.example, status: 'success' },
      { type: 'ai_usage', ...aiUsage.example },
    ],
  },
  handle: (context) => ingestMany(context, context.body.records()),
});

/** `PUT` of what is known of one user or agent. */
function dimensionRoute(path: string, dimension: Dimension, example: object): Route {
  const body = dimensionBody(dimension);
  const said = z.object({ ...body.shape, [dimension.idColumn]: z.string() });
  return defineRoute({
    method: 'PUT',
    path: `${path}/:id`,
    access: write,
    tag: 'Telemetry',
    summary: `Say what is known of one ${dimension.recordType}`,
    description: 'What is named is merged into what is known.',
    body: 'json',
    bodySchema: body,
    answers: { 200: { description: 'What was said.', schema: said } },
    example: { params: { id: dimension.name === 'users' ? 'jane' : 'support' }, body: example },
    handle: (context) => putDimension(context, dimension, context.params.id ?? ''),
  });
}

async function putDimension(context: RequestContext, dimension: Dimension, id: string) {
  const fields = context.body.object();
  const reserved = Object.keys(fields).filter(
    (field) => field === 'type' || (field === dimension.idColumn && fields[field] !== id),
  );
  if (reserved.length > 0) {
    throw validationError(reserved.map((field) => ({ field, message: 'is an unknown field; remove it' })));
  }
  const receiver = await receiverOf(context);
  const record = { ...fields, [dimension.idColumn]: id, type: dimension.recordType };
  const prepared = prepareBatch([record], receiver, new Date());
  if (prepared.errors.some(({ code }) => code === 'not-own')) {
    throw new TidemarkError('forbidden', 'A member can write its own records only.');
  }
  if (prepared.errors.length > 0)
    throw validationError(prepared.errors.map(({ field, message }) => ({ field, message })));
  await context.em.transactional((em) => storeBatch(dbOf(em), receiver.orgId, prepared));
  return { status: 200, body: { ...fields, [dimension.idColumn]: id } };
}

/** All of *Telemetry in* of the contract. */
export const telemetryRoutes: readonly Route[] = [
  recordRoute('/events', events),
  track,
  batch,
  recordRoute('/log-ai-usage', aiUsage, (_, row) => ({ status: 202, body: presentFact(aiUsage, row) }), {
    202: { description: 'It is stored, with its cost.', schema: storedSchemas.ai_usage },
  }),
  recordRoute('/executions', executions),
  finishRoute('/executions', executions),
  recordRoute('/tool-usages', toolUsages),
  finishRoute('/tool-usages', toolUsages),
  recordRoute('/workflows', agentWorkflows),
  finishRoute('/workflows', agentWorkflows),
  recordRoute('/sessions', sessions),
  finishRoute('/sessions', sessions),
  recordRoute(
    '/errors/log',
    errors,
    ({ id, outcome }, row) => ({
      status: outcome === 'stored' ? 201 : 200,
      body: { id, ...presentFact(errors, row) },
    }),
    storedAnswers(z.object({ id: z.string(), ...storedSchemas.errors.shape }).meta({ id: 'LoggedError' })),
  ),
  recordRoute('/api-calls', apiCalls),
  dimensionRoute('/users', users, { email: 'jane@example.com', name: 'Jane Doe' }),
  dimensionRoute('/agents', agents, { name: 'Support agent', agent_type: 'assistant', tags: ['production'] }),
];
