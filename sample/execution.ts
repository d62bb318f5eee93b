import type { Agent } from './agents.ts';
import { agentFaults, deadlineFault, type Fault } from './faults.ts';
import { type SpanStatus, wireTime } from './records.ts';
import { Run } from './run.ts';
import type { Visit } from './visit.ts';

const deadlineMs = 180_000;
const cancelShare = 0.008;

export interface Task {
  agent: Agent;
  startedAt: number;
  /** Shared by the executions of one conversation. */
  correlationId: string;
  workflowId?: string;
}

/** Result of an execution. */
export interface Outcome {
  endedAt: number;
  status: SpanStatus;
  toolCalls: number;
  /** Calls to external services: models and tools. */
  apiCalls: number;
  tokens: number;
}

/** Generates one execution: rounds of a model call and its tool calls, until it completes or fails. */
export function execute(visit: Visit, { agent, startedAt, correlationId, workflowId }: Task): Outcome {
  const { random } = visit;
  const id = visit.nextId('exe');
  const query = random.pick(agent.tasks);
  const run = new Run(visit, agent, id, startedAt, startedAt + deadlineMs);
  const stopped = run.work();
  const { status, fault } = endingOf(visit, agent, stopped);
  const message = fault?.message(random, agent.id);
  const apiCalls = run.modelCalls + run.externalCalls;
  visit.records.push({
    type: 'execution',
    execution_id: id,
    agent_id: agent.id,
    agent_name: agent.name,
    agent_type: agent.type,
    agent_tags: agent.tags,
    task_name: query.replace(/[?!.]$/, ''),
    query,
    response: status === 'success' ? `${agent.name}: done in ${run.modelCalls} rounds.` : undefined,
    session_id: visit.sessionId,
    user_id: visit.person.id,
    correlation_id: correlationId,
    workflow_id: workflowId,
    started_at: wireTime(startedAt),
    ended_at: wireTime(run.at),
    status,
    error_type: fault?.errorType,
    error_message: message,
    steps: run.modelCalls + run.toolCalls,
    retry_count: run.retries,
    input_tokens: run.inputTokens,
    output_tokens: run.outputTokens,
    api_calls_count: apiCalls,
  });
  if (fault && message !== undefined) visit.error(run.at, fault, message, { id, agentId: agent.id });
  return {
    endedAt: run.at,
    status,
    toolCalls: run.toolCalls,
    apiCalls,
    tokens: run.inputTokens + run.outputTokens,
  };
}

function endingOf({ random }: Visit, agent: Agent, stopped: Fault | undefined): { status: SpanStatus; fault?: Fault } {
  if (stopped) return { status: stopped === deadlineFault ? 'timeout' : 'failure', fault: stopped };
  if (random.chance(agent.failureShare)) return { status: 'failure', fault: random.weighted(agentFaults) };
  return { status: random.chance(cancelShare) ? 'cancelled' : 'success' };
}
