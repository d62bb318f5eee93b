import { type Agent, agents } from './agents.ts';
import { execute } from './execution.ts';
import { playScenario, uploadFile, useQuickFeature } from './extras.ts';
import { type SampleRecord, type SpanStatus, wireTime } from './records.ts';
import { workTogether } from './teamwork.ts';
import type { Visit } from './visit.ts';

const pages = ['/', '/agents', '/chat', '/library', '/settings', '/billing', '/scenarios'] as const;
const bounceShare = 0.16;
const activities = [
  { begin: talk, share: 70 },
  { begin: useQuickFeature, share: 13 },
  { begin: playScenario, share: 7 },
  { begin: workTogether, share: 7 },
  { begin: uploadFile, share: 3 },
];

/** Generates all records of one session. */
export function visitPlatform(visit: Visit, startedAt: number): SampleRecord[] {
  const { random, person } = visit;
  let at = arrive(visit, startedAt);
  if (!random.chance(bounceShare)) {
    for (let more = 1 + random.streak(0.45, 5); more > 0; more -= 1) {
      at = random.weighted(activities).begin(visit, at + Math.round(random.longTailed(9_000, 0.6)));
      at = viewPages(visit, at, random.streak(0.4, 2));
    }
    if (random.chance(0.005)) at = createAgent(visit, at + 20_000);
  }
  const endedAt = at + Math.round(random.longTailed(20_000, 0.8));
  return [
    {
      type: 'session',
      session_id: visit.sessionId,
      user_id: person.id,
      user_agent: person.userAgent,
      ip_address: person.ipAddress,
      started_at: wireTime(startedAt),
      ended_at: wireTime(endedAt),
    },
    ...visit.records,
  ];
}

function arrive(visit: Visit, startedAt: number): number {
  const { random } = visit;
  let at = startedAt + random.whole(100, 900);
  if (random.chance(0.65)) {
    if (random.chance(0.06)) visit.apiCall(at, 'POST', '/v1/login', 401, random.whole(60, 200));
    at += random.whole(2_000, 15_000);
    visit.apiCall(at, 'POST', '/v1/login', 200, random.whole(80, 350));
    visit.event(at, 'auth', 'login', { properties: { method: random.pick(['password', 'sso', 'passkey']) } });
  }
  return viewPages(visit, at, 1 + random.streak(0.4, 2));
}

function viewPages(visit: Visit, startedAt: number, count: number): number {
  let at = startedAt;
  for (let left = count; left > 0; left -= 1) {
    const stayedMs = Math.round(visit.random.longTailed(11_000, 0.9));
    at += stayedMs;
    visit.event(at, 'navigation', 'page_view', {
      duration_ms: stayedMs,
      properties: { path: visit.random.pick(pages) },
    });
  }
  return at;
}

/** A conversation with one agent: a message, its execution, a pause to read, the next message. */
function talk(visit: Visit, startedAt: number): number {
  const { random } = visit;
  const agent = random.weighted(agents);
  const correlationId = visit.nextId('conv');
  const about = { feature: agent.feature, properties: { agent_id: agent.id } };
  visit.event(startedAt, 'conversation', 'conversation_started', about);
  let at = startedAt;
  for (let turns = 1 + random.streak(0.62, 9); turns > 0; turns -= 1) {
    at += Math.round(random.longTailed(14_000, 0.7));
    const properties = { agent_id: agent.id, characters: random.whole(12, 600) };
    visit.event(at, 'message', 'message_sent', { feature: agent.feature, properties });
    at = say(visit, agent, at, correlationId);
  }
  visit.event(at, 'conversation', 'conversation_ended', { ...about, duration_ms: at - startedAt });
  return at;
}

/** Sends one message to an agent; the platform may reject it a few times first. */
function say(visit: Visit, agent: Agent, sentAt: number, correlationId: string): number {
  const { random } = visit;
  const path = `/v1/agents/${agent.id}/runs`;
  let at = sentAt;
  for (let refused = random.streak(0.025, 2); refused > 0; refused -= 1) {
    visit.apiCall(at, 'POST', path, 429, random.whole(3, 20), agent.id);
    at += random.whole(1_000, 4_000);
  }
  const outcome = execute(visit, { agent, startedAt: at, correlationId });
  visit.apiCall(outcome.endedAt, 'POST', path, statusCodeOf(outcome.status), outcome.endedAt - at, agent.id);
  return outcome.endedAt;
}

function statusCodeOf(status: SpanStatus): number {
  switch (status) {
    case 'success':
      return 200;
    case 'failure':
      return 500;
    case 'timeout':
      return 504;
    case 'cancelled':
      return 499;
    case 'in_progress':
      return 202;
  }
}

function createAgent(visit: Visit, at: number): number {
  const id = visit.nextId('agent');
  const name = `${visit.person.name.split(' ', 1)[0]}'s helper`;
  visit.event(at, 'agent', 'agent_created', { properties: { agent_id: id, name } });
  visit.records.push({
    type: 'agent',
    agent_id: id,
    name,
    agent_type: 'custom',
    tags: ['custom'],
    created_by: visit.person.id,
    created_at: wireTime(at),
  });
  return at;
}
