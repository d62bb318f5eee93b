import { identityOf } from '../../cli/stack/process-identity.ts';
import type { Stack } from '../../cli/stack/stack.ts';
import { eventually } from '../eventually.ts';

export const SERVICES = ['worker', 'api', 'postgres', 'temporal'] as const;
export type Service = (typeof SERVICES)[number];

/** The supervisor starts again at once, but pauses for up to 10 s where a service keeps dying by itself. */
const REPLACED_WITHIN_MS = 15_000;

/** The process that a service has now. @throws Error where this stack does not run it */
export function pidOf(stack: Stack, service: Service): number {
  const pid = stack.dev.pids[service];
  // Signals to pid 0 would reach ourselves.
  if (!pid) throw new Error(`the stack has no process of ${service}`);
  return pid;
}

/** Kills a service's process with SIGKILL. @returns when another one runs in its place, ready or not */
export async function kill9(stack: Stack, service: Service): Promise<void> {
  const before = pidOf(stack, service);
  // One that has just died by itself is replaced too.
  if (identityOf(before) !== undefined) process.kill(before, 'SIGKILL');
  await eventually(`another ${service}`, REPLACED_WITHIN_MS, () =>
    pidOf(stack, service) === before ? undefined : true,
  );
}
