import type { z } from 'zod';
import { temporalUiLink, workflowRunLink } from '../../http/temporal-links.ts';
import type { RequestContext } from '../../route.ts';
import type { ListedRun } from './list.ts';
import type { RunStatus, runSchema, startedSchema } from './schema.ts';

export function presentRun(
  context: RequestContext,
  run: ListedRun,
  progress: Record<string, unknown> | null,
): z.input<typeof runSchema> {
  return {
    workflow_id: run.workflowId,
    run_id: run.runId,
    type: run.type,
    status: run.status,
    progress,
    started_at: run.startedAt.toISOString(),
    closed_at: run.closedAt?.toISOString() ?? null,
    links: linksOf(context, run.workflowId, run.runId),
  };
}

/** A run that was just started. */
export function presentStarted(
  context: RequestContext,
  { workflowId, runId }: { workflowId: string; runId: string },
): z.input<typeof startedSchema> {
  const links = linksOf(context, workflowId);
  return { id: workflowId, workflow_id: workflowId, run_id: runId, status: 'running', links };
}

/** A run that received a cancellation or a signal. */
export function presentControlled(
  context: RequestContext,
  { workflowId, runId, status }: { workflowId: string; runId: string; status: RunStatus },
): z.input<typeof startedSchema> {
  const links = linksOf(context, workflowId, runId);
  return { id: workflowId, workflow_id: workflowId, run_id: runId, status, links };
}

function linksOf(context: RequestContext, workflowId: string, runId?: string) {
  return { self: workflowRunLink(workflowId), ...temporalUiLink(context, workflowId, runId) };
}
