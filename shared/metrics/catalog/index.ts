import type { Metric } from '../definition.ts';
import { executionMetrics } from './executions.ts';
import { eventMetrics, usageMetrics, userMetrics } from './people.ts';
import { aiUsageMetrics, costMetrics, toolUsageMetrics } from './usages.ts';
import { agentWorkflowMetrics, apiCallMetrics, errorMetrics, sessionMetrics } from './work.ts';

/** All metrics that Tidemark reports. */
export const catalog: readonly Metric[] = [
  ...executionMetrics,
  ...toolUsageMetrics,
  ...aiUsageMetrics,
  ...costMetrics,
  ...agentWorkflowMetrics,
  ...sessionMetrics,
  ...eventMetrics,
  ...usageMetrics,
  ...userMetrics,
  ...apiCallMetrics,
  ...errorMetrics,
];

/** Metrics by name and by alias. */
export const metricByName: ReadonlyMap<string, Metric> = new Map(
  catalog.flatMap((metric) => [metric.name, ...metric.aliases].map((name): [string, Metric] => [name, metric])),
);
