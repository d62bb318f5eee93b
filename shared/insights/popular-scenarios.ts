import type { Entities } from '../db/orm.ts';
import type { TimeRange } from '../domain/time-range.ts';
import { ask, type MetricSubject } from '../metrics/ask.ts';
import { countOf, numberOf } from '../metrics/value.ts';

export interface PopularScenario {
  scenarioId: string;
  /** The name in the latest event of the range; null if no event has one. */
  name: string | null;
  startCount: number;
  /** Percent of the scenarios started in the range, at most 100. */
  completionRate: number | null;
}

/** Lists the scenarios started most often in a range. */
export async function popularScenarios(
  em: Entities,
  subject: MetricSubject,
  range: TimeRange,
  limit: number,
): Promise<PopularScenario[]> {
  const rows = await ask(
    em,
    subject,
    {
      metrics: ['events.scenarios_started', 'usage.scenario_completion_rate'],
      labels: ['scenario_name'],
      group_by: ['scenario_id'],
      filters: [{ dimension: 'scenario_id', operator: 'is_not_null' }],
      having: [{ metric: 'events.scenarios_started', operator: 'greater_than', value: 0 }],
      order: [{ by: 'events.scenarios_started', direction: 'desc' }],
      limit,
    },
    range,
  );
  return rows.map(({ group, values, labels }) => ({
    scenarioId: group.scenario_id ?? '',
    name: labels.scenario_name ?? null,
    startCount: countOf(values, 'events.scenarios_started'),
    completionRate: numberOf(values, 'usage.scenario_completion_rate'),
  }));
}
