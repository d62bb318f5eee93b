import type { Fact } from './index.ts';

/** True for facts that take agent or user from their execution: they are re-aggregated and erased with it. */
export function dependsOnExecution(fact: Fact): boolean {
  return Object.values(fact.rollup.dimensions).some(({ source }) => source === 'executions');
}
