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

/** The release installed if the machine has none: server 1.29.1, UI 2.42.1. */
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
 * Finds the `temporal` command: on PATH, else in the cache, else from the first source that works. The cache is shared by
 * all checkouts of this user.
 * @throws CliError if none is found
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
      failures.push(`${source.name}: the resulting command does not run`);
    } catch (error) {
      signal.throwIfAborted();
      failures.push(`${source.name}: ${reasonOf(error)}`);
    }
  }
  throw new CliError(
    `No "temporal" command was found or installed (${failures.join('; ')}): put it on PATH (https://docs.temporal.io/cli), or set TEMPORAL_ADDRESS to a running server.`,
  );
}

/** Cache folder of programs, shared by all checkouts of a user. */
export function cacheFolder(env: NodeJS.ProcessEnv): string {
  return join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), '.cache'), 'tidemark');
}

/** An existing file may be for another platform, or truncated. */
async function answers(command: string): Promise<boolean> {
  if (!isExecutable(command)) return false;
  try {
    await promisify(execFile)(command, ['--version'], { timeout: 15_000 });
    return true;
  } catch {
    return false;
  }
}
