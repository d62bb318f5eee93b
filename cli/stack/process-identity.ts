import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Returns a value that distinguishes a process from a later one with the same pid: its start time in this boot's clock.
 * Undefined if the process has ended (or is a zombie).
 */
export function identityOf(pid: number): string | undefined {
  return process.platform === 'linux' ? identityFromProc(pid) : identityFromPs(pid);
}

/** Returns the command line of a process; undefined if it has ended. */
export function commandOf(pid: number): string | undefined {
  if (process.platform !== 'linux') return ps(pid, 'command=');
  return read(`/proc/${pid}/cmdline`)?.replaceAll('\0', ' ').trim();
}

/** Sends a signal; ignores a process that has ended. */
function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** Asks a process to stop, kills it after a timeout, and returns when it has ended. */
export async function endProcess(
  pid: number,
  identity: string,
  signal: NodeJS.Signals,
  patienceMs: number,
): Promise<void> {
  const deadline = Date.now() + patienceMs;
  if (identityOf(pid) === identity) signalProcess(pid, signal);
  while (identityOf(pid) === identity) {
    if (Date.now() > deadline) signalProcess(pid, 'SIGKILL');
    await sleep(50);
  }
}

function identityFromProc(pid: number): string | undefined {
  const stat = read(`/proc/${pid}/stat`);
  // The program name, in parentheses, may contain spaces and parentheses.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, startedAt] = [fields?.[0], fields?.[19]];
  if (startedAt === undefined || state === 'Z' || state === 'X') return undefined;
  return `${read('/proc/sys/kernel/random/boot_id')?.trim()}:${startedAt}`;
}

function identityFromPs(pid: number): string | undefined {
  const [state, ...startedAt] = (ps(pid, 'state=,lstart=') ?? '').split(/\s+/);
  return !state || state.startsWith('Z') ? undefined : startedAt.join(' ');
}

function ps(pid: number, columns: string): string | undefined {
  const { status, stdout } = spawnSync('ps', ['-o', columns, '-p', String(pid)], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() || undefined : undefined;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
