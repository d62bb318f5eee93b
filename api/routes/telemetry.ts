import { dbOf } from '../../shared/db/orm.ts';
import { storeBatch } from '../../shared/db/queries/store-batch.ts';
import { TidemarkError, validationError } from '../../shared/errors.ts';
import { agentWorkflows } from '../../shared/facts/agent-workflows.ts';
import { aiUsage } from '../../shared/facts/ai-usage.ts';
import { apiCalls } from '../../shared/facts/api-calls.ts';
import type { Fact } from '../../shared/facts/definition.ts';
import { agents, type Dimension, users } from '../../shared/facts/dimensions.ts';
import { errors } from '../../shared/facts/errors.ts';
import { events } from '../../shared/facts/events.ts';
import { executions } from '../../shared/facts/executions.ts';
import { prepareBatch } from '../../shared/facts/prepare.ts';
import { sessions } from '../../shared/facts/sessions.ts';
import { toolUsages } from '../../shared/facts/tool-usages.ts';
import { patchRecord } from '../ingest/finish.ts';
import { ingestMany, ingestOne, type Present, presentStored, receiverOf } from '../ingest/ingest.ts';
import { presentFact } from '../present/fact.ts';
import { type Access, defineRoute, type RequestContext, type Route } from '../route.ts';

const write: Access = { least: 'ingest', scope: 'telemetry' };

/** `POST` of one record of a fact. */
function recordRoute(path: string, fact: Fact, present: Present = presentStored(fact)): Route {
  return defineRoute({
    method: 'POST',
    path,
    access: write,
    summary: `Store one ${fact.noun}`,
    body: 'json',
    handle: (context) => ingestOne(context, fact, context.body.object(), present),
  });
}

/** `PATCH` of one record that is known. */
function finishRoute(path: string, fact: Fact): Route {
  return defineRoute({
    method: 'PATCH',
    path: `${path}/:id`,
    access: write,
    summary: `Finish or change one ${fact.noun}`,
    body: 'json',
    handle: (context) => patchRecord(context, fact, context.params.id ?? ''),
  });
}

const track = defineRoute({
  method: 'POST',
  path: '/track',
  access: write,
  summary: 'Store one event of a page, with its caller',
  body: 'json',
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

const batch = defineRoute({
  method: 'POST',
  path: '/batch',
  access: write,
  summary: 'Store up to 10,000 records of any kind',
  body: 'json-or-ndjson',
  handle: (context) => ingestMany(context, context.body.records()),
});

/** `PUT` of what is known of one user or agent. */
function dimensionRoute(path: string, dimension: Dimension): Route {
  return defineRoute({
    method: 'PUT',
    path: `${path}/:id`,
    access: write,
    summary: `Say what is known of one ${dimension.recordType}`,
    body: 'json',
    handle: (context) => putDimension(context, dimension, context.params.id ?? ''),
  });
}

async function putDimension(context: RequestContext, dimension: Dimension, id: string) {
  const fields = context.body.object();
  const reserved = ['type', dimension.idColumn].filter((field) => field in fields && fields[field] !== id);
  if (reserved.length > 0) {
    throw validationError(
      reserved.map((field) => ({ field, message: 'is not a field that is known here; remove it' })),
    );
  }
  const receiver = await receiverOf(context);
  const record = { ...fields, [dimension.idColumn]: id, type: dimension.recordType };
  const prepared = prepareBatch([record], receiver, new Date());
  if (prepared.errors.some(({ message }) => message.startsWith('a member writes'))) {
    throw new TidemarkError('forbidden', 'A member writes only of itself.');
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
  recordRoute('/log-ai-usage', aiUsage, (_, row) => ({ status: 202, body: presentFact(aiUsage, row) })),
  recordRoute('/executions', executions),
  finishRoute('/executions', executions),
  recordRoute('/tool-usages', toolUsages),
  finishRoute('/tool-usages', toolUsages),
  recordRoute('/workflows', agentWorkflows),
  finishRoute('/workflows', agentWorkflows),
  recordRoute('/sessions', sessions),
  finishRoute('/sessions', sessions),
  recordRoute('/errors/log', errors, ({ id, outcome }, row) => ({
    status: outcome === 'stored' ? 201 : 200,
    body: { id, ...presentFact(errors, row) },
  })),
  recordRoute('/api-calls', apiCalls),
  dimensionRoute('/users', users),
  dimensionRoute('/agents', agents),
];
