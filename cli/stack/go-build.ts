import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { reasonOf } from '../cli-error.ts';
import { isExecutable, onPath } from './executables.ts';
import type { Reporter } from './reporter.ts';

/** Build timeout. A build takes about three minutes on two cores. */
const atMostMs = 20 * 60_000;

export interface GoBuild {
  /** Import path of the command; its last part is the command's name. */
  readonly module: string;
  readonly version: string;
  readonly env: NodeJS.ProcessEnv;
  readonly report: Reporter;
  readonly signal: AbortSignal;
}

/**
 * Builds a command with Go and installs it at `target`.
 * @throws Error if Go is missing or the build fails
 */
export async function buildWithGo(target: string, { module, version, env, report, signal }: GoBuild): Promise<void> {
  // Go's installer does not change PATH.
  const go = onPath('go', env) ?? ['/usr/local/go/bin/go', '/opt/homebrew/bin/go'].find(isExecutable);
  if (go === undefined) throw new Error('Go is not installed');
  const name = basename(module);
  mkdirSync(dirname(target), { recursive: true });
  // On the same disk as the target, so that the last step is an atomic rename, safe with concurrent builds.
  const draft = mkdtempSync(join(dirname(target), 'build-'));
  const startedAt = Date.now();
  const tell = () =>
    report.progress(`Building ${name} ${version} with Go (once, takes minutes): ${elapsed(startedAt)}`);
  const ticker = setInterval(tell, 1_000);
  tell();
  try {
    const inTime = AbortSignal.any([signal, AbortSignal.timeout(atMostMs)]);
    await install(go, `${module}@${version}`, { ...env, GOBIN: draft }, draft, inTime);
    renameSync(join(draft, name), target);
    report.line(`Built ${name} ${version} in ${elapsed(startedAt)}, installed at ${target}`);
  } finally {
    clearInterval(ticker);
    rmSync(draft, { recursive: true, force: true });
  }
}

function install(go: string, what: string, env: NodeJS.ProcessEnv, cwd: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(go, ['install', what], { env, cwd, signal, stdio: ['ignore', 'ignore', 'pipe'] });
    let complaints = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaints = `${complaints}${text}`.slice(-4_000);
    });
    child.once('error', (error) => reject(new Error(reasonOf(error))));
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(complaints.trim().split('\n').at(-1) || `exit code ${code}`)),
    );
  });
}

function elapsed(since: number): string {
  const seconds = Math.round((Date.now() - since) / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
