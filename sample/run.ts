import type { Agent } from './agents.ts';
import { deadlineFault, type Fault } from './faults.ts';
import { type Answer, askModel } from './model-call.ts';
import { modelOf } from './models.ts';
import { callTool } from './tool-call.ts';
import { type Tool, toolOf } from './tools.ts';
import type { Visit } from './visit.ts';

const maxMoreRounds = 6;
const maxModelTries = 3;
/** Probability that a failed tool stops the execution; otherwise the agent continues without its result. */
const toolStopsShare = 0.3;

/** A running agent: its clock and its usage. */
export class Run {
  at: number;
  modelCalls = 0;
  toolCalls = 0;
  externalCalls = 0;
  retries = 0;
  inputTokens = 0;
  outputTokens = 0;
  readonly #visit: Visit;
  readonly #agent: Agent;
  readonly #executionId: string;
  readonly #deadline: number;
  /** Tokens of the conversation so far: the input of the next call. */
  #contextTokens: number;
  #knownTokens: number;

  constructor(visit: Visit, agent: Agent, executionId: string, startedAt: number, deadline: number) {
    this.#visit = visit;
    this.#agent = agent;
    this.#executionId = executionId;
    this.#deadline = deadline;
    this.at = startedAt + visit.random.whole(10, 80);
    this.#contextTokens = Math.round(visit.random.longTailed(agent.promptTokens, 0.3));
    // All calls share the instructions, so they are usually in the cache.
    this.#knownTokens = visit.random.chance(0.55) ? Math.floor(agent.promptTokens * 0.5) : 0;
  }

  /** Runs to the end. Returns the fault that stopped it, or undefined. */
  work(): Fault | undefined {
    const { random } = this.#visit;
    for (let more = random.streak(this.#agent.persistence, maxMoreRounds); ; more -= 1) {
      const stopped = this.#think() ?? (more > 0 ? this.#act() : undefined);
      if (stopped) return stopped;
      if (this.at >= this.#deadline) return deadlineFault;
      if (more === 0) return undefined;
    }
  }

  #think(): Fault | undefined {
    const { random } = this.#visit;
    for (let tries = 1; ; tries += 1) {
      const answer = this.#ask(tries === maxModelTries ? this.#agent.fallbackModel : this.#agent.model);
      if (!answer.fault) {
        this.#knownTokens = this.#contextTokens;
        this.#contextTokens += answer.outputTokens;
        return undefined;
      }
      if (!answer.fault.passes || tries === maxModelTries) return answer.fault;
      this.retries += 1;
      this.at += Math.round(random.longTailed(700 * 2 ** tries, 0.2));
    }
  }

  #ask(modelName: string): Answer {
    const answer = askModel(this.#visit, {
      model: modelOf(modelName),
      feature: this.#agent.feature,
      startedAt: this.at,
      inputTokens: this.#contextTokens,
      knownTokens: this.#knownTokens,
      medianOutputTokens: 190,
      agentId: this.#agent.id,
      executionId: this.#executionId,
    });
    this.at = answer.endedAt;
    this.modelCalls += 1;
    this.inputTokens += answer.inputTokens;
    this.outputTokens += answer.outputTokens;
    return answer;
  }

  #act(): Fault | undefined {
    const { random } = this.#visit;
    for (let calls = random.whole(1, 2); calls > 0; calls -= 1) {
      const stopped = this.#use(toolOf(random.pick(this.#agent.tools)));
      if (stopped) return stopped;
    }
    return undefined;
  }

  #use(tool: Tool): Fault | undefined {
    const { random } = this.#visit;
    for (let isRetry = false; ; isRetry = true) {
      const answer = callTool(this.#visit, tool, this.#executionId, this.at, this.#deadline);
      this.at = answer.endedAt;
      this.toolCalls += 1;
      if (tool.externalApi !== undefined) this.externalCalls += 1;
      if (answer.hasHung) return deadlineFault;
      if (!answer.fault) {
        this.#contextTokens += Math.round(random.longTailed(420, 0.8));
        return undefined;
      }
      if (isRetry || !answer.fault.passes) return random.chance(toolStopsShare) ? answer.fault : undefined;
      this.retries += 1;
      this.at += random.whole(200, 900);
    }
  }
}
