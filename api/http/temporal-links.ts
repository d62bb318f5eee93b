import { z } from 'zod';
import type { RequestContext } from '../route.ts';
import { BASE_PATH } from './base-path.ts';

/** The link of `temporalUiLink`. */
export const temporalUiShape = {
  temporal_ui: z.string().optional().meta({ description: 'The run in the Temporal UI, for operators.' }),
};

/** A workflow, or one run of it, in the Temporal UI; for operators, where the UI is configured. */
export function temporalUiLink(
  { caller, deps }: RequestContext,
  workflowId: string,
  runId?: string,
): { temporal_ui?: string } {
  const ui = deps.config.TEMPORAL_UI_URL?.replace(/\/$/, '');
  if (caller.credential.role !== 'operator' || !ui) return {};
  const namespace = encodeURIComponent(deps.config.TEMPORAL_NAMESPACE);
  const run = runId === undefined ? '' : `/${encodeURIComponent(runId)}`;
  return { temporal_ui: `${ui}/namespaces/${namespace}/workflows/${encodeURIComponent(workflowId)}${run}` };
}

/** A workflow's run in this API. Workflow ids contain slashes, so they are escaped. */
export function workflowRunLink(workflowId: string): string {
  return `${BASE_PATH}/workflow-runs/${encodeURIComponent(workflowId)}`;
}
