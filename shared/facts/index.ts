import { agentWorkflows } from './agent-workflows.ts';
import { aiUsage } from './ai-usage.ts';
import { apiCalls } from './api-calls.ts';
import type { FactOf } from './define-fact.ts';
import { errors } from './errors.ts';
import { events } from './events.ts';
import { executions } from './executions.ts';
import { sessions } from './sessions.ts';
import { toolUsages } from './tool-usages.ts';

/** A new fact is one line here. The order is that in which a batch writes, so that no two batches deadlock. */
const definitions = {
  sessions,
  agent_workflows: agentWorkflows,
  executions,
  tool_usages: toolUsages,
  ai_usage: aiUsage,
  events,
  api_calls: apiCalls,
  errors,
} as const;

/** The kind of a fact, which is its table's name. */
export type FactKind = keyof typeof definitions;

export type Fact = FactOf<FactKind>;

/** Every fact, by its kind. */
export const facts: Readonly<Record<FactKind, Fact>> = definitions;

/** All facts, in the order in which a batch writes them. */
export const factList: readonly Fact[] = Object.values(facts);

/** One value per fact, by its kind. */
export function byKind<Value>(of: (fact: Fact) => Value): Readonly<Record<FactKind, Value>> {
  const values: Partial<Record<FactKind, Value>> = {};
  for (const fact of factList) values[fact.kind] = of(fact);
  if (!isComplete(values)) throw new Error('A fact stands under another kind than its own');
  return values;
}

function isComplete<Value>(values: Partial<Record<FactKind, Value>>): values is Record<FactKind, Value> {
  return Object.keys(facts).every((kind) => kind in values);
}
