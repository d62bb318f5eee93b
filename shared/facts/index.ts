import type { FactKind } from '../domain/fact-kinds.ts';
import { agentWorkflows } from './agent-workflows.ts';
import { aiUsage } from './ai-usage.ts';
import { apiCalls } from './api-calls.ts';
import type { Fact } from './definition.ts';
import { errors } from './errors.ts';
import { events } from './events.ts';
import { executions } from './executions.ts';
import { sessions } from './sessions.ts';
import { toolUsages } from './tool-usages.ts';

/** Every fact, by its kind, which is its table's name too. */
export const facts: Readonly<Record<FactKind, Fact>> = {
  sessions,
  agent_workflows: agentWorkflows,
  executions,
  tool_usages: toolUsages,
  ai_usage: aiUsage,
  events,
  api_calls: apiCalls,
  errors,
};

/** All facts in the one order in which a batch writes them, so that two batches never wait for each other in a circle. */
export const factList: readonly Fact[] = Object.values(facts);
