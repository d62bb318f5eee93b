import { type Client, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import { reportWorkflowId } from '../../shared/contracts/reports.ts';
import type { SweepResult } from '../../shared/contracts/sweep.ts';
import { Report } from '../../shared/db/entities/report.ts';
import { dbOf, type Orm } from '../../shared/db/orm.ts';
import type { Log } from '../../shared/log.ts';
import { noteReportRun } from '../../shared/reports/note-report-run.ts';
import { startReport } from '../../shared/reports/start-report.ts';
import { reportFolder, type Storage } from '../../shared/storage/storage.ts';
import type { TaskQueues } from '../../shared/temporal.ts';
import { beating } from '../heartbeat.ts';

/** A round looks at so many reports; the next round, a minute later, at the others. */
const BATCH = 200;
/** What killed writers left is not in the way; a round of some hours may leave the rest to the next. */
const UNFINISHED_BATCH = 1_000;
/** No activity writes a file for so long. */
const UNFINISHED_GRACE_MS = 24 * 60 * 60 * 1000;
/** Younger reports may be between their row and their start. */
const PENDING_GRACE_MS = 15_000;

export interface SweepDependencies {
  orm: Orm;
  client: Client;
  storage: Storage;
  log: Log;
  queues: TaskQueues;
  parallelParts: number;
}

/** Brings the reports' rows and their workflows together again where a crash, an operator or time parted them. */
export function createSweepActivities({ orm, client, storage, log, queues, parallelParts }: SweepDependencies) {
  /** What Temporal says of a report's workflow; null where it has none. */
  async function workflowStatus(report: Report): Promise<string | null> {
    try {
      return (await client.workflow.getHandle(reportWorkflowId(report.id)).describe()).status.name;
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return null;
      throw error;
    }
  }

  /** @returns false where its workflow closed between our look and our start */
  async function start(report: Report): Promise<boolean> {
    try {
      const { runId } = await startReport(client, queues, report, parallelParts);
      await noteReportRun(dbOf(orm.em.fork()), report, runId);
      return true;
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
      throw error;
    }
  }

  /** Only the row: one that was published since we looked stays published, with its file. @returns false for such a one */
  async function close(report: Report, closedAs: string): Promise<boolean> {
    const closed = await orm.em.fork().nativeUpdate(
      Report,
      { orgId: report.orgId, id: report.id, status: ['pending', 'running'] },
      {
        status: closedAs === 'CANCELLED' ? 'cancelled' : 'failed',
        phase: 'done',
        completedAt: new Date(),
        errorCode: `WORKFLOW_${closedAs}`,
        errorMessage: `Its workflow was ${closedAs.toLowerCase().replaceAll('_', ' ')} in Temporal before it was done. Ask for the report again.`,
      },
    );
    if (closed > 0) log.warn({ reportId: report.id, closedAs }, 'closed a report whose workflow is gone');
    return closed > 0;
  }

  async function sweep(result: SweepResult): Promise<void> {
    const grace = new Date(Date.now() - PENDING_GRACE_MS);
    const unfinished = await orm.em
      .fork()
      .find(
        Report,
        { status: ['pending', 'running'], deletedAt: null, createdAt: { $lt: grace } },
        { orderBy: { createdAt: 'asc' }, limit: BATCH },
      );
    for (const report of unfinished) {
      const status = await workflowStatus(report);
      // Never started, or lost with Temporal's database: its plan and parts, if any, still stand.
      if (status === null && (await start(report))) result.started += 1;
      else if (status !== null && status !== 'RUNNING' && status !== 'PAUSED' && (await close(report, status))) {
        result.closed += 1;
      }
    }
    const now = new Date();
    const useless = await orm.em.fork().find(
      Report,
      {
        filesRemovedAt: null,
        $or: [{ expiresAt: { $lt: now } }, { deletedAt: { $ne: null } }, { status: ['failed', 'cancelled'] }],
      },
      { limit: BATCH },
    );
    for (const report of useless) {
      await storage.removeFolder(reportFolder(report.orgId, report.id));
      await orm.em.fork().nativeUpdate(Report, { orgId: report.orgId, id: report.id }, { filesRemovedAt: new Date() });
      result.filesRemoved += 1;
    }
  }

  return {
    /** One round over all organisations, a bounded number of reports each. */
    async sweepReports(): Promise<SweepResult> {
      const result: SweepResult = { started: 0, closed: 0, filesRemoved: 0 };
      await beating(
        () => result,
        () => sweep(result),
      );
      return result;
    },

    /** Removes what killed writers left in the storage. @returns how many files or uploads */
    async removeUnfinishedFiles(): Promise<number> {
      const removed = await storage.removeUnfinished(new Date(Date.now() - UNFINISHED_GRACE_MS), UNFINISHED_BATCH);
      if (removed > 0) log.info({ removed }, 'removed files that were never finished');
      return removed;
    },
  };
}
