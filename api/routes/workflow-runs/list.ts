import { createHmac } from 'node:crypto';
import proto from '@temporalio/proto';
import { z } from 'zod';
import type { TimeRange } from '../../../shared/domain/time-range.ts';
import { validationError } from '../../../shared/errors.ts';
import { askTemporal } from '../../../shared/jobs/temporal-calls.ts';
import { organisationAttribute, taskQueues } from '../../../shared/temporal.ts';
import type { RequestContext } from '../../route.ts';
import type { RunStatus } from './schema.ts';
import { STATUS_NAMES, statusOfCode } from './status.ts';

type RawRun = proto.temporal.api.workflow.v1.IWorkflowExecutionInfo;

/** A run from Temporal's visibility. */
export interface ListedRun {
  workflowId: string;
  runId: string;
  type: string;
  status: RunStatus;
  startedAt: Date;
  closedAt: Date | null;
}

export interface RunQuery {
  /** Runs that were open at some time of it. */
  range: TimeRange;
  type: string | undefined;
  status: RunStatus | undefined;
  cursor: string | undefined;
  limit: number;
}

/**
 * A page of the runs that the caller may see, from Temporal's visibility.
 * @throws TidemarkError `validation` for an invalid cursor, `unavailable`
 */
export async function listRuns(
  context: RequestContext,
  query: RunQuery,
): Promise<{ runs: ListedRun[]; nextCursor: string | null }> {
  const { temporal, config } = context.deps;
  const answer = await askTemporal(context.deps.temporal, () =>
    temporal.workflowService.listWorkflowExecutions({
      namespace: config.TEMPORAL_NAMESPACE,
      pageSize: query.limit,
      query: conditions(context, query).join(' AND '),
      nextPageToken: query.cursor === undefined ? null : pageToken(query.cursor, config.SECRET),
    }),
  );
  const next = answer.nextPageToken;
  return {
    // The query filters by organisation already; this check guards against quoting mistakes.
    runs: answer.executions.filter((run) => isVisible(context, run)).map(listed),
    nextCursor: next && next.length > 0 ? cursorOf(next, config.SECRET) : null,
  };
}

function conditions({ caller, deps }: RequestContext, { range, type, status }: RunQuery): string[] {
  const own = ownRuns(caller.credential.orgId);
  const start = quoted(range.startInclusive.toISOString());
  const all = [
    `TaskQueue = ${quoted(taskQueues(deps.config).general)}`,
    caller.credential.role === 'operator' ? `(${own} OR ${organisationAttribute.name} IS NULL)` : own,
    `StartTime < ${quoted(range.endExclusive.toISOString())}`,
    `(CloseTime >= ${start} OR ExecutionStatus = 'Running')`,
  ];
  if (type !== undefined) all.push(`WorkflowType = ${quoted(type)}`);
  if (status !== undefined) all.push(`ExecutionStatus = ${quoted(STATUS_NAMES[status])}`);
  return all;
}

/** Temporal's query language has no escape for these. */
const UNQUOTABLE = /['"\\]/;

/** For an id that cannot be quoted: its quotable prefix. Each row is checked afterwards in any case. */
function ownRuns(orgId: string): string {
  const { name } = organisationAttribute;
  const [start = ''] = orgId.split(UNQUOTABLE);
  if (start === orgId) return `${name} = ${quoted(orgId)}`;
  return start === '' ? `${name} IS NOT NULL` : `${name} STARTS_WITH ${quoted(start)}`;
}

function quoted(text: string): string {
  if (UNQUOTABLE.test(text)) throw new Error('This text cannot be quoted');
  return `'${text}'`;
}

function isVisible({ caller }: RequestContext, { searchAttributes }: RawRun): boolean {
  const payload = searchAttributes?.indexedFields?.[organisationAttribute.name]?.data;
  if (!payload) return caller.credential.role === 'operator';
  return z.string().safeParse(JSON.parse(Buffer.from(payload).toString('utf8'))).data === caller.credential.orgId;
}

function listed(run: RawRun): ListedRun {
  return {
    workflowId: run.execution?.workflowId ?? '',
    runId: run.execution?.runId ?? '',
    type: run.type?.name ?? '',
    status: statusOfCode(
      run.status ?? proto.temporal.api.enums.v1.WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_UNSPECIFIED,
    ),
    startedAt: dateOf(run.startTime) ?? new Date(0),
    closedAt: dateOf(run.closeTime),
  };
}

function dateOf(at: proto.google.protobuf.ITimestamp | null | undefined): Date | null {
  return at ? new Date(Number(at.seconds ?? 0) * 1000 + Math.floor((at.nanos ?? 0) / 1e6)) : null;
}

const cursorSchema = z.tuple([z.string(), z.string()]);

/** Temporal's token with a signature: the server reports a foreign token by errors of many kinds. */
function cursorOf(token: Uint8Array, secret: string): string {
  const text = Buffer.from(token).toString('base64url');
  return Buffer.from(JSON.stringify([text, signatureOf(text, secret)])).toString('base64url');
}

/** @throws TidemarkError `validation` for a text that is not a cursor of this list */
function pageToken(cursor: string, secret: string): Uint8Array {
  try {
    const [text, signature] = cursorSchema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
    if (signature === signatureOf(text, secret)) return Buffer.from(text, 'base64url');
  } catch {
    // Every unreadable cursor gets the answer below.
  }
  throw validationError([{ field: 'cursor', message: 'invalid cursor' }]);
}

function signatureOf(text: string, secret: string): string {
  return createHmac('sha256', secret).update(`workflow-runs/${text}`).digest('base64url').slice(0, 22);
}
