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

/** A step says how far it is this often, so that a workflow that is cancelled or killed loses little. */
const STEP_MS = 60_000;
/** After a longer outage the days before are for a backfill, which somebody asks for. */
const MAX_DAYS_BACK = 31;
/** More differences than anyone reads; their number is told in any case. */
const DIFFERENCES_TOLD = 100;

/** What the rollup workflows have done for them. Each can be repeated at any point. */
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
      // What PostgreSQL refuses it refuses again; the buckets stay marked, and their answers come from the facts.
      if (step.failed > 0)
        throw permanent('NOT_REFRESHED', `${step.failed} facts of ${orgId} were not refreshed; the log says why`);
      if (step.isDone) return buckets15m;
    }
  }

  return {
    /** Refreshes what is marked, for a minute at most. */
    refreshDirtyBuckets(orgId: string | null): Promise<RefreshStep> {
      return refreshStep(orm, log, orgId, STEP_MS);
    },

    /** The old name of `refreshDirtyBuckets`, for runs that began under it. */
    settleDirtyBuckets(orgId: string | null): Promise<RefreshStep> {
      return refreshStep(orm, log, orgId, STEP_MS);
    },

    /** The local days of a range, both ends included. */
    listDates(startDate: string, endDate: string): Promise<string[]> {
      return datesBetween(dbOf(orm.em.fork()), startDate, endDate);
    },

    /** Refreshes a local day and closes it; with `force`, out of the facts and whatever was there. */
    async backfillDay(orgId: string, date: string, force: boolean): Promise<BackfilledDay> {
      const em = orm.em.fork();
      const db = dbOf(em);
      const subject = await openSubject(em, orgId);
      // Marked again by a second attempt: it costs the work once more and changes nothing.
      if (force) await markRange(db, orgId, await localDay(db, date, subject.timeZone));
      const buckets15m = await refreshWhole(orgId);
      const generated = await beating(
        () => ({ date }),
        () => generateSystemMetrics(em, db, subject, { date, timeZone: subject.timeZone, force }),
      );
      return { generated, buckets15m };
    },

    /** Local days that ended and are not closed, of some organisations after a given one. */
    async listEndedDays(afterOrgId: string, limit: number): Promise<{ days: DaysToClose[]; lastOrgId: string | null }> {
      const found = await endedDays(dbOf(orm.em.fork()), new Date(), MAX_DAYS_BACK, afterOrgId, limit);
      const days = [...Map.groupBy(found.days, ({ orgId }) => orgId)].map(([orgId, list]) => ({
        orgId,
        dates: list.map(({ date }) => date),
      }));
      return { days, lastOrgId: found.lastOrgId };
    },

    /** Compares what is derived of an organisation with its facts. */
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
        differences: differences.slice(0, DIFFERENCES_TOLD),
      };
    },

    /** Organisations in order, after a given one. */
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
