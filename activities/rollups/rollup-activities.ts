import { Context } from '@temporalio/activity';
import { datesBetween, localDay } from '../../shared/calendar/local-days.ts';
import type {
  BackfilledDay,
  DaysToClose,
  RefreshStep,
  RollupDifference,
  VerifyResult,
} from '../../shared/contracts/rollups.ts';
import { dbOf, type Entities, type Orm } from '../../shared/db/orm.ts';
import { endedDays, generateSystemMetrics } from '../../shared/insights/system-metrics-days.ts';
import type { Log } from '../../shared/log.ts';
import { readMetricSubject } from '../../shared/metrics/subject.ts';
import { markRange } from '../../shared/rollups/mark-range.ts';
import { verifyOrganisation } from '../../shared/rollups/verify-organisation.ts';
import { permanent } from '../failures.ts';
import { beating } from '../heartbeat.ts';
import { refreshStep } from './refresh-step.ts';

/** Maximum duration of a step: a workflow that is cancelled or killed loses little. */
const STEP_MS = 60_000;
/** After a longer outage the days before are not closed automatically; they need a backfill. */
const MAX_DAYS_BACK = 31;
/** Limit of the listed differences; their count is always complete. */
const MAX_DIFFERENCES_LISTED = 100;

/** The activities of the rollup workflows. All are idempotent. */
export function createRollupActivities({ orm, log }: { orm: Orm; log: Log }) {
  async function openSubject(em: Entities, orgId: string) {
    const subject = await readMetricSubject(dbOf(em), orgId);
    if (!subject) throw permanent('ORGANISATION_GONE', `There is no organisation ${orgId}`);
    return subject;
  }

  async function refreshWhole(orgId: string): Promise<number> {
    let buckets15m = 0;
    for (;;) {
      const step = await refreshStep(orm, log, orgId, STEP_MS);
      buckets15m += step.buckets15m;
      // A retry would fail again on rejected data. The buckets stay dirty; queries read them from the facts.
      if (step.failed > 0)
        throw permanent('NOT_REFRESHED', `Refresh of ${step.failed} facts of ${orgId} failed; see the worker's log`);
      if (step.isDone) return buckets15m;
    }
  }

  return {
    /** Refreshes dirty buckets for at most a minute. @param orgId null for all organisations */
    refreshDirtyBuckets(orgId: string | null): Promise<RefreshStep> {
      return refreshStep(orm, log, orgId, STEP_MS);
    },

    /** The former name of `refreshDirtyBuckets`, for runs that were started with it. */
    settleDirtyBuckets(orgId: string | null): Promise<RefreshStep> {
      return refreshStep(orm, log, orgId, STEP_MS);
    },

    /** The local dates from `startDate` to `endDate`, both inclusive. */
    listDates(startDate: string, endDate: string): Promise<string[]> {
      return datesBetween(dbOf(orm.em.fork()), startDate, endDate);
    },

    /**
     * Refreshes the dirty buckets of an organisation and closes a local day. With `force`, all buckets of the day are
     * recomputed from the facts and a closed day is closed again.
     * @throws ApplicationFailure `ORGANISATION_GONE`, `NOT_REFRESHED`
     */
    async backfillDay(orgId: string, date: string, force: boolean): Promise<BackfilledDay> {
      const em = orm.em.fork();
      const db = dbOf(em);
      const subject = await openSubject(em, orgId);
      // A second attempt marks the day again, which repeats the work and changes nothing.
      if (force) await markRange(db, orgId, await localDay(db, date, subject.timeZone));
      const buckets15m = await refreshWhole(orgId);
      const generated = await beating(
        () => ({ date }),
        () => generateSystemMetrics(em, db, subject, { date, timeZone: subject.timeZone, force }),
      );
      return { generated, buckets15m };
    },

    /** Lists local days that have ended and are not closed, for at most `limit` organisations after `afterOrgId`. */
    async listEndedDays(afterOrgId: string, limit: number): Promise<{ days: DaysToClose[]; lastOrgId: string | null }> {
      const found = await endedDays(dbOf(orm.em.fork()), new Date(), MAX_DAYS_BACK, afterOrgId, limit);
      const days = [...Map.groupBy(found.days, ({ orgId }) => orgId)].map(([orgId, list]) => ({
        orgId,
        dates: list.map(({ date }) => date),
      }));
      return { days, lastOrgId: found.lastOrgId };
    },

    /** Refreshes an organisation and compares its rollups with its facts. @throws ApplicationFailure `NOT_REFRESHED` */
    async verifyOne(orgId: string): Promise<VerifyResult> {
      await refreshWhole(orgId);
      const signal = Context.current().cancellationSignal;
      let done = { daysChecked: 0, daysSkipped: 0 };
      const verified = await beating(
        () => done,
        () =>
          verifyOrganisation(orm.em.fork(), orgId, ({ daysChecked, daysSkipped }) => {
            signal.throwIfAborted();
            done = { daysChecked, daysSkipped };
          }),
      );
      const differences: RollupDifference[] = verified.differences;
      if (differences.length > 0)
        log.error({ orgId, differences: differences.slice(0, 20) }, 'rollups differ from facts');
      return {
        organisations: 1,
        organisationsFailed: 0,
        daysChecked: verified.daysChecked,
        daysSkipped: verified.daysSkipped,
        differenceCount: differences.length,
        differences: differences.slice(0, MAX_DIFFERENCES_LISTED),
      };
    },

    /** Lists organisation ids after `afterOrgId`, ascending. */
    async listOrganisations(afterOrgId: string, limit: number): Promise<string[]> {
      const rows = await dbOf(orm.em.fork())
        .selectFrom('organisations')
        .select('org_id')
        .where('org_id', '>', afterOrgId)
        .orderBy('org_id')
        .limit(limit)
        .execute();
      return rows.map((row) => row.org_id);
    },
  };
}
