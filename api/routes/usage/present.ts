import type { PopularScenario } from '../../../shared/insights/popular-scenarios.ts';
import type { TopUser } from '../../../shared/insights/top-users.ts';
import { pgTime } from '../../../shared/pg-time.ts';

export function presentTopUser({ user_id, email, activity_count, last_active }: TopUser) {
  return {
    user_id,
    email,
    activity_count: Number(activity_count),
    last_active: pgTime(last_active).toISOString(),
  };
}

export function presentPopularScenario({ scenarioId, name, startCount, completionRate }: PopularScenario) {
  return { scenario_id: scenarioId, name, start_count: startCount, completion_rate: completionRate };
}
