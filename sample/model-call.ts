import { type Fault, modelFaults } from './faults.ts';
import type { Model } from './models.ts';
import { wireTime } from './records.ts';
import type { Visit } from './visit.ts';

const failureShare = 0.012;
const troubledFailureShare = 0.42;
const troubledSlowness = 2.6;
/** Probability that the platform's own cache returns the whole response, without a model. */
const answerCacheShare = 0.16;

/** One model call. */
export interface Ask {
  model: Model;
  feature: string;
  startedAt: number;
  inputTokens: number;
  /** Input tokens that the provider has seen recently. */
  knownTokens: number;
  medianOutputTokens: number;
  /** True if equal requests are frequent enough to cache responses. */
  answersAreKept?: boolean;
  agentId?: string;
  executionId?: string;
}

export interface Answer {
  endedAt: number;
  fault: Fault | undefined;
  inputTokens: number;
  outputTokens: number;
}

/** Generates one model call and records it when it ends. */
export function askModel(visit: Visit, ask: Ask): Answer {
  const { random } = visit;
  const { model } = ask;
  const isTroubled = visit.isTroubled(model.provider, ask.startedAt);
  const isKept = ask.answersAreKept === true && random.chance(answerCacheShare);
  const isFailure = !isKept && random.chance(isTroubled ? troubledFailureShare : failureShare);
  const fault = isFailure ? random.weighted(modelFaults) : undefined;
  const tokens = isKept || fault ? noTokens : tokensOf(visit, ask);
  const writingMs = (tokens.output_tokens / model.tokensPerSecond) * 1000;
  const waitingMs = random.longTailed(model.firstTokenMs, 0.35);
  const latencyMs = isKept
    ? random.whole(8, 45)
    : fault?.errorType === 'timeout'
      ? random.whole(30_000, 60_000)
      : Math.round((waitingMs + writingMs) * (isTroubled ? troubledSlowness : 1));
  const endedAt = ask.startedAt + latencyMs;
  visit.records.push({
    type: 'ai_usage',
    usage_id: visit.nextId('ai'),
    feature: ask.feature,
    success: fault === undefined,
    latency_ms: latencyMs,
    cache_hit: isKept,
    model: model.name,
    provider: model.provider,
    ...tokens,
    error_type: fault?.errorType,
    user_id: visit.person.id,
    agent_id: ask.agentId,
    execution_id: ask.executionId,
    session_id: visit.sessionId,
    // Known only after the response.
    occurred_at: wireTime(endedAt),
  });
  return { endedAt, fault, inputTokens: tokens.input_tokens, outputTokens: tokens.output_tokens };
}

const noTokens = {
  input_tokens: 0,
  cached_input_tokens: 0,
  cache_write_tokens: 0,
  output_tokens: 0,
  reasoning_tokens: 0,
};

function tokensOf({ random }: Visit, { model, inputTokens, knownTokens, medianOutputTokens }: Ask) {
  const cached = model.promptCache === 'none' ? 0 : Math.min(knownTokens, inputTokens);
  // The last few tokens are not cached.
  const uncached = Math.min(inputTokens - cached, random.whole(20, 160));
  const written = model.promptCache === 'written' ? inputTokens - cached - uncached : 0;
  const read = Math.max(1, Math.round(random.longTailed(medianOutputTokens, 0.75)));
  const reasoning = Math.round((read * model.reasoningShare * random.whole(50, 150)) / 100);
  return {
    input_tokens: inputTokens,
    cached_input_tokens: cached,
    cache_write_tokens: written,
    output_tokens: read + reasoning,
    reasoning_tokens: reasoning,
  };
}
