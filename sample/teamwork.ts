import { type Agent, agents } from './agents.ts';
import { execute, type Outcome } from './execution.ts';
import { wireTime } from './records.ts';
import type { Visit } from './visit.ts';

/** Workflows of several agents in sequence, by kind of agent. */
const teams = [
  { type: 'market_report', crafts: ['research', 'data', 'research'], share: 30 },
  { type: 'incident_review', crafts: ['operations', 'coding', 'operations'], share: 25 },
  { type: 'customer_recovery', crafts: ['support', 'sales'], share: 25 },
  { type: 'release_notes', crafts: ['coding', 'coding', 'research', 'data'], share: 12 },
  { type: 'lesson_plan', crafts: ['tutor', 'research'], share: 8 },
] as const;

const ratedShare = 0.55;

/** Generates one workflow of several agents; returns its end time. */
export function workTogether(visit: Visit, startedAt: number): number {
  const { random } = visit;
  const team = random.weighted(teams);
  const members = team.crafts.map((craft) => random.weighted(agents.filter(({ type }) => type === craft)));
  const workflowId = visit.nextId('wf');
  const outcomes = workInTurn(visit, members, workflowId, startedAt);
  const last = outcomes.at(-1);
  if (!last) return startedAt;
  const sum = (of: (outcome: Outcome) => number) => outcomes.reduce((total, outcome) => total + of(outcome), 0);
  const succeeded = sum(({ status }) => (status === 'success' ? 1 : 0));
  const endedAt = last.endedAt + random.whole(20, 200);
  const isGood = last.status === 'success';
  visit.records.push({
    type: 'workflow',
    workflow_id: workflowId,
    workflow_type: team.type,
    agents_involved: [...new Set(members.map(({ id }) => id))],
    status: last.status,
    session_id: visit.sessionId,
    user_id: visit.person.id,
    started_at: wireTime(startedAt),
    ended_at: wireTime(endedAt),
    total_tool_calls: sum(({ toolCalls }) => toolCalls),
    total_api_calls: sum(({ apiCalls }) => apiCalls),
    total_tokens_used: sum(({ tokens }) => tokens),
    task_completion_rate: Math.round((100 * succeeded) / members.length),
    user_satisfaction_score: random.chance(ratedShare) ? random.whole(isGood ? 3 : 1, isGood ? 5 : 3) : undefined,
  });
  return endedAt;
}

/** Each member starts when the previous one ends; a failure ends the workflow. */
function workInTurn(visit: Visit, members: readonly Agent[], workflowId: string, startedAt: number): Outcome[] {
  const outcomes: Outcome[] = [];
  let at = startedAt;
  for (const agent of members) {
    at += visit.random.whole(30, 250);
    const outcome = execute(visit, { agent, startedAt: at, correlationId: workflowId, workflowId });
    outcomes.push(outcome);
    at = outcome.endedAt;
    if (outcome.status !== 'success') break;
  }
  return outcomes;
}
