import { BASE_PATH } from '../../http/base-path.ts';
import type { RequestContext } from '../../route.ts';

/** Where a run is found: here and, for operators, in the Temporal UI. Ids hold slashes, so they are escaped. */
export function runLinks({ caller, deps }: RequestContext, workflowId: string, runId?: string) {
  const ui = deps.config.TEMPORAL_UI_URL?.replace(/\/$/, '');
  const run = runId === undefined ? '' : `/${encodeURIComponent(runId)}`;
  const path = `/namespaces/${encodeURIComponent(deps.config.TEMPORAL_NAMESPACE)}/workflows/${encodeURIComponent(workflowId)}${run}`;
  return {
    self: `${BASE_PATH}/workflow-runs/${encodeURIComponent(workflowId)}`,
    ...(caller.credential.role === 'operator' && ui ? { temporal_ui: `${ui}${path}` } : {}),
  };
}
