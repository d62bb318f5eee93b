import { z } from 'zod';
import { timeRangeSchema } from '../../../shared/domain/time-range.ts';
import { SYSTEM_METRICS } from '../../../shared/insights/list-system-metrics.ts';
import { daySpanShape } from '../../http/day-span.ts';
import { boundsShape, listShape } from '../../http/list-query.ts';
import { moment } from '../../http/time.ts';

export const systemMetricsQuery = z.strictObject({
  ...timeRangeSchema.shape,
  limit: listShape.limit,
  cursor: listShape.cursor,
  ...boundsShape(SYSTEM_METRICS),
});

const count = () => z.number().int();
const measure = () => z.number().nullable();

export const systemMetricsDaySchema = z
  .object({
    date: z.iso.date(),
    total_users: count(),
    active_users: count(),
    new_users: count(),
    total_events: count(),
    total_executions: count(),
    total_errors: count(),
    error_rate: measure(),
    avg_response_time_ms: measure(),
    p95_response_time_ms: measure(),
    storage_bytes: count(),
    cpu_percent_avg: measure(),
    memory_percent_avg: measure(),
    disk_percent: measure(),
    generated_at: moment(),
  })
  .meta({ id: 'SystemMetricsDay', description: 'A local day as of the time when it was closed.' });

export const generateSchema = z
  .strictObject({
    date: z.iso.date().optional(),
    start_date: daySpanShape.start_date.optional(),
    end_date: daySpanShape.end_date.optional(),
    force: daySpanShape.force,
  })
  .meta({ description: 'Either `date`, or `start_date` with `end_date`.' });
