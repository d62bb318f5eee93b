import { execFile } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CliError, reasonOf } from '../cli-error.ts';
import { isExecutable, onPath } from './executables.ts';
import type { Reporter } from './reporter.ts';
import { buildTemporal } from './temporal-build.ts';
import { downloadTemporal } from './temporal-download.ts';
import type { TemporalSource } from './temporal-source.ts';

/** The release that is made where the machine has none: server 1.29.1, UI 2.42.1. */
const version = 'v1.5.1';

export interface FindTemporal {
  readonly env: NodeJS.ProcessEnv;
  readonly report: Reporter;
  readonly signal: AbortSignal;
  readonly sources?: readonly TemporalSource[];
}

const officialSources: readonly TemporalSource[] = [
  { name: 'download', make: downloadTemporal },
  { name: 'go install', make: buildTemporal },
];

/**
 * The `temporal` command: that on PATH, else that of the cache, else the first source that can make it, kept in the
 * cache for every checkout of this user.
 * @throws CliError where none can.
 */
export async function findTemporal({ env, report, signal, sources = officialSources }: FindTemporal): Promise<string> {
  const cached = join(cacheFolder(env), `temporal-${version}`, 'temporal');
  for (const candidate of [onPath('temporal', env), cached]) {
    if (candidate !== undefined && (await answers(candidate))) return candidate;
  }
  const failures: string[] = [];
  for (const source of sources) {
    signal.throwIfAborted();
    try {
      await source.make(cached, { version, env, report, signal });
      if (await answers(cached)) return cached;
      failures.push(`${source.name}: what it made does not run`);
    } catch (error) {
      signal.throwIfAborted();
      failures.push(`${source.name}: ${reasonOf(error)}`);
    }
  }
  throw new CliError(
    `No "temporal" command was found and none could be made (${failures.join('; ')}): put it on PATH (https://docs.temporal.io/cli), or set TEMPORAL_ADDRESS to a running server.`,
  );
}

/** Where programs are kept that all checkouts of a user share. */
export function cacheFolder(env: NodeJS.ProcessEnv): string {
  return join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), '.cache'), 'tidemark');
}

/** A file that is there may still be of another platform, or cut short. */
async function answers(command: string): Promise<boolean> {
  if (!isExecutable(command)) return false;
  try {
    await promisify(execFile)(command, ['--version'], { timeout: 15_000 });
    return true;
  } catch {
    return false;
  }
}
