import { explainGrouping } from '../../../shared/domain/fingerprint.ts';
import type { TimeRange } from '../../../shared/domain/time-range.ts';
import { errors } from '../../../shared/facts/errors.ts';
import type { Row } from '../../../shared/facts/fields.ts';
import type { ErrorGroup } from '../../../shared/insights/error-groups.ts';
import type { ErrorCounts, ErrorGroupStats } from '../../../shared/insights/error-stats.ts';
import { pgTime } from '../../../shared/pg-time.ts';
import { ERROR_LEVELS } from '../../../shared/wire.ts';
import { presentRange } from '../../http/list-query.ts';
import { presentFact } from '../telemetry/present.ts';

/** An occurrence as lists show it, with its group. */
export function presentListedError(row: Row, group: ErrorGroup) {
  const { stack_trace, context, ...shown } = presentFact(errors, row);
  return { id: row.error_id, ...shown, ...presentGroup(group) };
}

/** An occurrence with all of it, all of its group, and why it is in it. */
export function presentErrorDetail(row: Row, group: ErrorGroup) {
  const { message, exception_type, stack_trace } = row;
  return {
    id: row.error_id,
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

/** The statistics of a range. */
export function presentErrorStats(counts: ErrorCounts, { groups, unresolved, top }: ErrorGroupStats, range: TimeRange) {
  const { total, previousTotal } = counts;
  return {
    total,
    unresolved,
    groups,
    by_level: Object.fromEntries(ERROR_LEVELS.map((level) => [level, counts.byLevel.get(level) ?? 0])),
    by_type: counts.byType.map(({ type, count }) => ({ type, count, percentage: percent(count, total) })),
    by_day: counts.byDay,
    top: top.map((group) => ({
      fingerprint: group.fingerprint,
      error_id: group.errorId,
      message: group.message,
      exception_type: group.exceptionType,
      count: group.count,
      last_seen: time(group.lastSeen),
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
