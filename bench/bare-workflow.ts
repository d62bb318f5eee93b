import { proxyActivities } from '@temporalio/workflow';

/** The least that a durable step can be. */
export async function bare(): Promise<string> {
  const { nothing } = proxyActivities<{ nothing(): Promise<string> }>({ startToCloseTimeout: '10s' });
  return nothing();
}
