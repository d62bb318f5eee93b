import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { onPath } from '../../cli/stack/executables.ts';
import { cacheFolder } from '../../cli/stack/temporal-command.ts';

const VERSION = '4.32.5';
const INSTALLED_WITHIN_MS = 10 * 60_000;

const run = promisify(execFile);

/**
 * The `schemathesis` command in an environment of its own, kept in the cache for every checkout of this user.
 * @throws Error where there is no Python, or no package index to be reached
 */
export async function findSchemathesis(env: NodeJS.ProcessEnv): Promise<string> {
  const folder = join(cacheFolder(env), `schemathesis-${VERSION}`);
  const command = join(folder, 'bin', 'schemathesis');
  // Written last: an environment without it was cut short. It cannot be made aside, its scripts hold its own path.
  const whole = join(folder, 'whole');
  if (existsSync(whole)) return command;
  const python = onPath('python3', env);
  if (python === undefined) throw new Error('There is no python3: install Python 3.10 or newer.');
  process.stdout.write(`Installing schemathesis ${VERSION} into ${folder} …\n`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(dirname(folder), { recursive: true });
  await run(python, ['-m', 'venv', folder], { env, timeout: INSTALLED_WITHIN_MS });
  await run(join(folder, 'bin', 'pip'), ['install', '--quiet', `schemathesis==${VERSION}`], {
    env,
    timeout: INSTALLED_WITHIN_MS,
  });
  writeFileSync(whole, '');
  return command;
}
