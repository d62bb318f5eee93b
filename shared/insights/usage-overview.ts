import type { Db, Entities } from '../db/orm.ts';
import { inSnapshot } from '../db/transaction.ts';
import type { TimeRange } from '../domain/time-range.ts';
import { askIn, type MetricSubject } from '../metrics/ask.ts';
import { countOf, numberOf } from '../metrics/value.ts';
import { lastAiRequestsSucceed } from './last-ai-requests.ts';

const DAY_MS = 86_400_000;

const METRICS = [
  'ai_usage.requests',
  'ai_usage.avg_latency_ms',
  'ai_usage.cache_hit_rate',
  'users.total',
  'events.scenarios_started',
  'usage.active_conversations',
  'events.quizzes',
  'usage.grammar_checks',
] as const;

export interface UsageOverview {
  values: Partial<Record<(typeof METRICS)[number], number | null>>;
  /** In the 24 hours before the end of the range. */
  activeUsers24h: number;
  /** The model with the most requests in the range; null if no request names one or AI is not requested. */
  mostUsedModel: string | null;
  /** Whether the last requests succeeded; null if there were none or AI is not requested. */
  isAiAnswering: boolean | null;
}

/** Reads AI and product usage in one snapshot. The AI state is optional, for callers that already have it. */
export async function readUsageOverview(
  em: Entities,
  subject: MetricSubject,
  range: TimeRange,
  wanted: { model: boolean; isAiAnswering: boolean },
): Promise<UsageOverview> {
  const lastDay = { ...range, startInclusive: new Date(range.endExclusive.getTime() - DAY_MS) };
  return inSnapshot(em, async (db) => {
    const [overall] = await askIn(db, subject, { metrics: METRICS }, range);
    const [active] = await askIn(db, subject, { metrics: ['users.active'] }, lastDay);
    return {
      values: Object.fromEntries(METRICS.map((name) => [name, numberOf(overall?.values ?? {}, name)])),
      activeUsers24h: countOf(active?.values ?? {}, 'users.active'),
      mostUsedModel: wanted.model ? await mostUsedModel(db, subject, range) : null,
      isAiAnswering: wanted.isAiAnswering ? await lastAiRequestsSucceed(db, subject.orgId, range.endExclusive) : null,
    };
  });
}

async function mostUsedModel(db: Db, subject: MetricSubject, range: TimeRange): Promise<string | null> {
  const [model] = await askIn(
    db,
    subject,
    {
      metrics: ['ai_usage.requests'],
      group_by: ['model'],
      filters: [{ dimension: 'model', operator: 'is_not_null' }],
      order: [{ by: 'ai_usage.requests', direction: 'desc' }],
      limit: 1,
    },
    range,
  );
  return model?.group.model ?? null;
}
