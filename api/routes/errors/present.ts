import type { z } from 'zod';
import { explainGrouping } from '../../../shared/domain/fingerprint.ts';
import type { TimeRange } from '../../../shared/domain/time-range.ts';
import { errors } from '../../../shared/facts/errors.ts';
import type { Row } from '../../../shared/facts/fields.ts';
import type { ErrorGroup } from '../../../shared/insights/error-groups.ts';
import type { ErrorCounts, ErrorGroupStats } from '../../../shared/insights/error-stats.ts';
import { pgTime } from '../../../shared/pg-time.ts';
import type { ERROR_LEVELS } from '../../../shared/wire.ts';
import { presentRange } from '../../http/time.ts';
import { presentFact } from '../telemetry/present.ts';
import type { errorDetailSchema, errorStatsSchema, listedErrorSchema } from './schema.ts';

/** An occurrence in a list, with its group. */
export function presentListedError(row: Row, group: ErrorGroup): z.input<typeof listedErrorSchema> {
  const { stack_trace, context, ...shown } = presentFact(errors, row);
  return { id: String(row.error_id), ...shown, ...presentGroup(group) };
}

/** An occurrence with all its fields, its group and the reason for the grouping. */
export function presentErrorDetail(row: Row, group: ErrorGroup): z.input<typeof errorDetailSchema> {
  const { message, exception_type, stack_trace } = row;
  return {
    id: String(row.error_id),
    ...presentFact(errors, row),
    ...presentGroup(group),
    resolved_by: group.resolved_by,
    resolved_at: time(group.resolved_at),
    resolution_note: group.resolution_note,
    status_changed_by: group.status_changed_by,
    status_changed_at: time(group.status_changed_at),
    reopened_at: time(group.reopened_at),
    reopen_count: group.reopen_count,
    grouping: explainGrouping(group.fingerprint, {
      message: String(message),
      exception_type: typeof exception_type === 'string' ? exception_type : null,
      stack_trace: typeof stack_trace === 'string' ? stack_trace : null,
    }),
  };
}

function presentGroup({ status, occurrences, first_seen, last_seen }: ErrorGroup) {
  return { status, occurrences, first_seen: time(first_seen), last_seen: time(last_seen) };
}

/** The error statistics of a range. */
export function presentErrorStats(
  counts: ErrorCounts,
  { groups, unresolved, top }: ErrorGroupStats,
  range: TimeRange,
): z.input<typeof errorStatsSchema> {
  const { total, previousTotal } = counts;
  const ofLevel = (level: (typeof ERROR_LEVELS)[number]) => counts.byLevel.get(level) ?? 0;
  return {
    total,
    unresolved,
    groups,
    by_level: {
      DEBUG: ofLevel('DEBUG'),
      INFO: ofLevel('INFO'),
      WARNING: ofLevel('WARNING'),
      ERROR: ofLevel('ERROR'),
      CRITICAL: ofLevel('CRITICAL'),
    },
    by_type: counts.byType.map(({ type, count }) => ({ type, count, percentage: percent(count, total) })),
    by_day: counts.byDay,
    top: top.map((group) => ({
      fingerprint: group.fingerprint,
      error_id: group.errorId,
      message: group.message,
      exception_type: group.exceptionType,
      count: group.count,
      last_seen: pgTime(group.lastSeen).toISOString(),
      status: group.status,
    })),
    trend_percent: previousTotal === 0 ? null : percent(total - previousTotal, previousTotal),
    range: presentRange(range),
  };
}

/** To two decimals. */
function percent(part: number, whole: number): number {
  return Math.round((part / whole) * 10_000) / 100;
}

function time(text: string | null): string | null {
  return text === null ? null : pgTime(text).toISOString();
}
