import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chownSync, existsSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { CliError } from '../cli-error.ts';
import type { Owner } from './supervised.ts';

/**
 * PostgreSQL refuses to run as root. There it runs as the user `postgres`, which is made where it is missing; anyone
 * else runs it as themselves (undefined).
 */
export function postgresOwner(): Owner | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const owner = lookUp('postgres') ?? (addUser() ? lookUp('postgres') : undefined) ?? lookUp('nobody');
  if (owner) return owner;
  throw new CliError(
    'PostgreSQL does not run as root and no user "postgres" could be made: run this as another user, or set DATABASE_URL.',
  );
}

/**
 * Picks the folder that holds the data: inside `folder` where the owner can enter it, else a place of its own, always
 * the same for this folder.
 * @throws CliError where data are there already, whose password went with an earlier `folder`
 */
export function makePostgresHome(folder: string): string {
  const owner = postgresOwner();
  const name = createHash('sha256').update(folder).digest('hex').slice(0, 16);
  const inside = join(folder, 'postgres');
  const outside = [join('/var/lib/tidemark', name), join(tmpdir(), 'tidemark-postgres', name)];
  const home = owner ? [inside, ...outside].find((place) => mayEnter(dirname(place), owner)) : inside;
  if (home === undefined) {
    throw new CliError('There is no folder that PostgreSQL may use: set DATABASE_URL to use a server of your own.');
  }
  if (existsSync(join(home, 'data'))) {
    throw new CliError(
      `${home} holds PostgreSQL data whose password was in an earlier ${folder}: delete it to start afresh.`,
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
