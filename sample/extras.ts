import { coaches } from './agents.ts';
import { execute } from './execution.ts';
import { askModel } from './model-call.ts';
import { modelOf } from './models.ts';
import type { Visit } from './visit.ts';

const scenarios = [
  { id: 'cafe', name: 'At the café', completes: 0.82, share: 30 },
  { id: 'job-interview', name: 'Job interview', completes: 0.61, share: 24 },
  { id: 'doctor', name: 'At the doctor', completes: 0.7, share: 16 },
  { id: 'airport', name: 'Missed connection', completes: 0.75, share: 14 },
  { id: 'negotiation', name: 'Salary negotiation', completes: 0.44, share: 9 },
  { id: 'landlord', name: 'Broken heating', completes: 0.66, share: 7 },
];

/** AI features that respond directly, without an agent. */
const quickFeatures = [
  { feature: 'grammar', model: 'gpt-4o-mini', inputTokens: 420, outputTokens: 110, share: 40 },
  { feature: 'quiz', model: 'gpt-5-mini', inputTokens: 900, outputTokens: 420, share: 20 },
  { feature: 'translation', model: 'gemini-2.5-flash', inputTokens: 520, outputTokens: 300, share: 18 },
  { feature: 'summary', model: 'claude-haiku-4-5', inputTokens: 3800, outputTokens: 260, share: 14 },
  { feature: 'title', model: 'llama-3.3-70b-versatile', inputTokens: 260, outputTokens: 12, share: 8 },
];

/** Generates one use of a quick feature; returns its end time. */
export function useQuickFeature(visit: Visit, startedAt: number): number {
  const { random } = visit;
  const { feature, model, inputTokens, outputTokens } = random.weighted(quickFeatures);
  const asked = Math.round(random.longTailed(inputTokens, 0.4));
  const answer = askModel(visit, {
    model: modelOf(model),
    feature,
    startedAt,
    inputTokens: asked,
    knownTokens: random.chance(0.4) ? Math.floor(asked * 0.4) : 0,
    medianOutputTokens: outputTokens,
    answersAreKept: true,
  });
  const tookMs = answer.endedAt - startedAt;
  visit.event(answer.endedAt, 'feature', `${feature}_used`, { feature, duration_ms: tookMs });
  if (feature !== 'quiz' || answer.fault) return answer.endedAt;
  const takenAt = answer.endedAt + Math.round(random.longTailed(150_000, 0.5));
  const properties = { score: random.whole(2, 10), questions: 10 };
  visit.event(takenAt, 'quiz', 'quiz_taken', { feature, duration_ms: takenAt - answer.endedAt, properties });
  return takenAt;
}

/** Generates a language scenario with a coach; returns its end time. */
export function playScenario(visit: Visit, startedAt: number): number {
  const { random } = visit;
  const scenario = random.weighted(scenarios);
  const agent = random.weighted(coaches);
  const feature = 'scenario';
  const properties = { scenario_id: scenario.id, name: scenario.name, agent_id: agent.id };
  const correlationId = visit.nextId('conv');
  visit.event(startedAt, 'scenario', 'scenario_started', { feature, properties });
  let at = startedAt;
  for (let turns = random.whole(2, 5); turns > 0; turns -= 1) {
    at += Math.round(random.longTailed(18_000, 0.5));
    visit.event(at, 'message', 'message_sent', { feature, properties: { characters: random.whole(8, 240) } });
    at = execute(visit, { agent, startedAt: at, correlationId }).endedAt;
  }
  if (!random.chance(scenario.completes)) return at;
  at += random.whole(500, 4000);
  visit.event(at, 'scenario', 'scenario_completed', { feature, duration_ms: at - startedAt, properties });
  return at;
}

/** Generates a file upload; returns its end time. */
export function uploadFile(visit: Visit, startedAt: number): number {
  const { random } = visit;
  const bytes = Math.round(random.longTailed(240_000, 1.3));
  const tookMs = Math.round(120 + bytes / 2500);
  const at = startedAt + tookMs;
  const properties = { bytes, kind: random.pick(['pdf', 'csv', 'docx', 'png']) };
  visit.apiCall(at, 'POST', '/v1/files', 201, tookMs);
  visit.event(at, 'file', 'file_uploaded', { feature: 'files', duration_ms: tookMs, properties });
  return at;
}
