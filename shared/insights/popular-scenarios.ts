import type { Entities } from '../db/orm.ts';
import type { TimeRange } from '../domain/time-range.ts';
import { type MetricSubject, queryMetrics } from '../metrics/ask.ts';

export interface PopularScenario {
  scenarioId: string;
  /** As the latest event of the range calls it; null where none does. */
  name: string | null;
  startCount: number;
  /** Percent of those begun in the range, at most 100. */
  completionRate: number | null;
}

/** The scenarios that were begun most often in a range. */
export async function popularScenarios(
  em: Entities,
  subject: MetricSubject,
  range: TimeRange,
  limit: number,
): Promise<PopularScenario[]> {
  const rows = await queryMetrics(em, subject, {
    metrics: ['events.scenarios_started', 'usage.scenario_completion_rate'],
    labels: ['scenario_name'],
    groupBy: ['scenario_id'],
    order: { by: 'events.scenarios_started', direction: 'desc' },
    range,
  });
  return rows
    .flatMap(({ group, values, labels }): PopularScenario[] => {
      const startCount = values['events.scenarios_started'] ?? 0;
      if (typeof group.scenario_id !== 'string' || startCount === 0) return [];
      return [
        {
          scenarioId: group.scenario_id,
          name: labels.scenario_name ?? null,
          startCount,
          completionRate: values['usage.scenario_completion_rate'] ?? null,
        },
      ];
    })
    .slice(0, limit);
}
