import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chownSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { CliError, reasonOf } from '../cli-error.ts';
import { postgresOwner } from './postgres-owner.ts';
import { packagedPrograms, reachablePrograms } from './postgres-programs.ts';
import { endOrphanedSessions } from './postgres-sessions.ts';
import { commandOf, endProcess, identityOf } from './process-identity.ts';
import type { Owner, ProcessSpec } from './supervised.ts';

const major = '18';
const user = 'tidemark';
const stopPatienceMs = 20_000;

/** A data folder and the programs that serve it. */
export interface PostgresCluster {
  readonly data: string;
  readonly programs: string;
  readonly owner: Owner | undefined;
}

/** Settings for a development machine. Acknowledged data is durable: fsync and synchronous_commit stay on. */
const settings: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  shared_preload_libraries: 'pg_stat_statements',
  max_connections: '200',
  shared_buffers: '256MB',
  work_mem: '16MB',
  maintenance_work_mem: '128MB',
  effective_cache_size: '1GB',
  random_page_cost: '1.1',
  max_wal_size: '2GB',
  wal_compression: 'on',
  // A statement over years of monthly partitions locks each partition.
  max_locks_per_transaction: '256',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_line_prefix: '%m [%p] ',
};

/** Settings for disposable data: twice as fast, but not crash-safe. */
export const throwawaySettings: Readonly<Record<string, string>> = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
};

/** @throws CliError if the data belongs to another major version */
export function requireSameMajor(home: string): void {
  const data = join(home, 'data');
  if (!existsSync(data)) return;
  const version = readFileSync(join(data, 'PG_VERSION'), 'utf8').trim();
  if (version === major) return;
  throw new CliError(
    `The data in ${data} belongs to PostgreSQL ${version}, but this is ${major}: move the folder away to start with an empty database, or serve it with PostgreSQL ${version} and set DATABASE_URL.`,
  );
}

/** Creates the data folder on the first start, and cleans up after a killed server. */
export async function preparePostgres(home: string, password: string): Promise<PostgresCluster> {
  const owner = postgresOwner();
  const data = join(home, 'data');
  const cluster = { data, owner, programs: reachablePrograms(packagedPrograms(), home, owner) };
  if (!existsSync(data)) await initialise(cluster, password);
  await endLeftover(data);
  return cluster;
}

/** Returns the process spec of a cluster's server. */
export function postgresProcess(
  cluster: PostgresCluster,
  port: number,
  logFile: string,
  more: Readonly<Record<string, string>> = {},
): ProcessSpec {
  const given = Object.entries({ ...settings, ...more, port: String(port) });
  return {
    name: 'postgres',
    command: join(cluster.programs, 'bin', 'postgres'),
    args: ['-D', cluster.data, ...given.flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    env: serverEnvironment(),
    cwd: dirname(cluster.data),
    owner: cluster.owner,
    logFile,
    // Fast shutdown: sessions are terminated and rolled back, and the data is left clean.
    stopSignal: 'SIGINT',
    stopPatienceMs,
    clearBeforeRestart: () => endOrphanedSessions(cluster.data),
  };
}

/** Returns the URL of a database of the cluster. */
export function postgresUrl(port: number, password: string, database: string): string {
  return `postgres://${user}:${password}@127.0.0.1:${port}/${database}`;
}

/** Checks that the server accepts connections; returns undefined, or the reason. */
export async function whyPostgresIsDown(url: string): Promise<string | undefined> {
  try {
    await queryOnce(url, 'SELECT 1');
    return undefined;
  } catch (error) {
    return reasonOf(error) || 'no response';
  }
}

/** Creates a database if it does not exist. `adminUrl` points to another database of the same server. */
export async function ensureDatabase(adminUrl: string, name: string): Promise<void> {
  const found = await queryOnce(adminUrl, 'SELECT 1 FROM pg_database WHERE datname = $1', [name]);
  if (found.length === 0) await queryOnce(adminUrl, `CREATE DATABASE ${pg.escapeIdentifier(name)}`);
}

/** Runs one query on its own connection. */
export async function queryOnce(url: string, sql: string, values: readonly unknown[] = []): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  // A server that disconnects while the connection is idle must not end this process.
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query<object>(sql, [...values]);
    return rows;
  } finally {
    await client.end();
  }
}

async function initialise(cluster: PostgresCluster, password: string): Promise<void> {
  const draft = `${cluster.data}.new`;
  const passwordFile = join(tmpdir(), `tidemark-${randomUUID()}`);
  rmSync(draft, { recursive: true, force: true });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (cluster.owner) chownSync(passwordFile, cluster.owner.uid, cluster.owner.gid);
  try {
    await run(cluster, join(cluster.programs, 'bin', 'initdb'), [
      `--pgdata=${draft}`,
      `--username=${user}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--no-instructions',
    ]);
    // Only a complete data folder gets the final name, so an interrupted start leaves none.
    renameSync(draft, cluster.data);
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

function run(cluster: PostgresCluster, command: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      ...cluster.owner,
      cwd: dirname(cluster.data),
      env: serverEnvironment(),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let complaints = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaints += text;
    });
    child.once('error', (error) => reject(new CliError(`initdb could not start: ${reasonOf(error)}`)));
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new CliError(`initdb failed: ${complaints.trim().replaceAll('\n', ' ')}`)),
    );
  });
}

/**
 * Ends a server that still uses this folder and sessions that outlived one. Removes a lock file whose pid now belongs to
 * another program. PostgreSQL itself handles the lock of a dead server.
 */
async function endLeftover(data: string): Promise<void> {
  const lock = join(data, 'postmaster.pid');
  if (!existsSync(lock)) return;
  const pid = Number(readFileSync(lock, 'utf8').split('\n', 1)[0]);
  const identity = identityOf(pid);
  if (identity === undefined) return endOrphanedSessions(data);
  if (commandOf(pid)?.includes(data)) await endProcess(pid, identity, 'SIGINT', stopPatienceMs);
  else rmSync(lock, { force: true });
}

/** The server reads PG* variables; those of the user's clients must not affect it. */
function serverEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' };
}
