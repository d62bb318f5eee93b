import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chownSync, existsSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { CliError } from '../cli-error.ts';
import type { Owner } from './supervised.ts';

/**
 * Returns the user to run PostgreSQL as. PostgreSQL refuses to run as root, so root runs it as the user `postgres`, which
 * is created if missing. Other users run it as themselves (undefined).
 */
export function postgresOwner(): Owner | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const owner = lookUp('postgres') ?? (addUser() ? lookUp('postgres') : undefined) ?? lookUp('nobody');
  if (owner) return owner;
  throw new CliError(
    'PostgreSQL does not run as root and the user "postgres" could not be created: run as another user, or set DATABASE_URL.',
  );
}

/**
 * Picks the data folder: inside `folder` if the owner can access it, else another path that is always the same for this
 * folder.
 * @throws CliError if it holds data whose password was lost with an earlier `folder`
 */
export function makePostgresHome(folder: string): string {
  const owner = postgresOwner();
  const name = createHash('sha256').update(folder).digest('hex').slice(0, 16);
  const inside = join(folder, 'postgres');
  const outside = [join('/var/lib/tidemark', name), join(tmpdir(), 'tidemark-postgres', name)];
  const home = owner ? [inside, ...outside].find((place) => mayEnter(dirname(place), owner)) : inside;
  if (home === undefined) {
    throw new CliError('No folder is accessible to PostgreSQL: set DATABASE_URL to use another server.');
  }
  if (existsSync(join(home, 'data'))) {
    throw new CliError(
      `${home} contains PostgreSQL data whose password was in a deleted ${folder}: delete it to start with an empty database.`,
    );
  }
  mkdirSync(home, { recursive: true, mode: 0o755 });
  if (owner) chownSync(home, owner.uid, owner.gid);
  return home;
}

function lookUp(user: string): Owner | undefined {
  const [uid, gid] = ['-u', '-g'].map((flag) => spawnSync('id', [flag, user], { encoding: 'utf8' }));
  if (uid?.status !== 0 || gid?.status !== 0) return undefined;
  return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
}

function addUser(): boolean {
  return spawnSync('/usr/sbin/useradd', ['--system', '--user-group', '--no-create-home', 'postgres']).status === 0;
}

function mayEnter(folder: string, owner: Owner): boolean {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o755 });
  } catch {
    return false;
  }
  return spawnSync('sh', ['-c', 'cd "$0"', folder], { ...owner, cwd: '/' }).status === 0;
}
