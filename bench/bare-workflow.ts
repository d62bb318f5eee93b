import { proxyActivities } from '@temporalio/workflow';

/** Baseline: the smallest durable step. */
export async function bare(): Promise<string> {
  const { nothing } = proxyActivities<{ nothing(): Promise<string> }>({ startToCloseTimeout: '10s' });
  return nothing();
}
