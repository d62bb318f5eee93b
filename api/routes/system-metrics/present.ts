import type { z } from 'zod';
import type { SystemMetricsDay } from '../../../shared/insights/list-system-metrics.ts';
import { pgTime } from '../../../shared/pg-time.ts';
import type { systemMetricsDaySchema } from './schema.ts';

export function presentSystemMetricsDay(day: SystemMetricsDay): z.input<typeof systemMetricsDaySchema> {
  return {
    date: day.date,
    total_users: Number(day.total_users),
    active_users: Number(day.active_users),
    new_users: Number(day.new_users),
    total_events: Number(day.total_events),
    total_executions: Number(day.total_executions),
    total_errors: Number(day.total_errors),
    error_rate: numberOrNull(day.error_rate),
    avg_response_time_ms: numberOrNull(day.avg_response_time_ms),
    p95_response_time_ms: numberOrNull(day.p95_response_time_ms),
    storage_bytes: Number(day.storage_bytes),
    cpu_percent_avg: numberOrNull(day.cpu_percent_avg),
    memory_percent_avg: numberOrNull(day.memory_percent_avg),
    disk_percent: numberOrNull(day.disk_percent),
    generated_at: pgTime(day.generated_at).toISOString(),
  };
}

function numberOrNull(text: string | null): number | null {
  return text === null ? null : Number(text);
}
