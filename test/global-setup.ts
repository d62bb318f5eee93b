import { randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { withOrm } from '../cli/stack/database.ts';
import { pickPort } from '../cli/stack/ports.ts';
import {
  postgresProcess,
  postgresUrl,
  preparePostgres,
  queryOnce,
  throwawaySettings,
  whyPostgresIsDown,
} from '../cli/stack/postgres.ts';
import { makePostgresHome } from '../cli/stack/postgres-owner.ts';
import { createReporter } from '../cli/stack/reporter.ts';
import { endAbandoned, RunRecord } from '../cli/stack/run-record.ts';
import { makeFolder } from '../cli/stack/state.ts';
import { Supervisor } from '../cli/stack/supervisor.ts';
import { findTemporal } from '../cli/stack/temporal-command.ts';
import { temporalProcess, whyTemporalIsDown, withTemporal } from '../cli/stack/temporal-server.ts';
import { together } from '../cli/stack/together.ts';
import { migrate } from '../shared/db/migrate.ts';
import { ensureSearchAttributes } from '../shared/temporal.ts';
import { type S3Access, startS3 } from './storage/s3-server.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** A database of the server in which others can be made. */
    postgresUrl: string;
    temporalAddress: string;
    /** A migrated database to copy, which nobody is connected to. */
    templateDatabase: string;
    s3: S3Access;
  }
}

const folderPrefix = 'tidemark-test-';
/** Of the stacks that the tests start (test/stack/command.ts). */
const stackFolderPrefix = 'tidemark-stack-';
const namespace = 'default';
const withinMs = 60_000;
/** Temporary data are encrypted by nobody and reached from this machine only. */
const password = randomUUID();

/**
 * Starts one PostgreSQL, one Temporal and one S3 server for all tests, with data that are gone afterwards. DATABASE_URL
 * and TEMPORAL_ADDRESS name servers to use instead. A server that does not come up fails the run.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await clearAbandoned();
  const folder = mkdtempSync(join(tmpdir(), folderPrefix));
  // As root, PostgreSQL runs as another user, who must pass through.
  chmodSync(folder, 0o711);
  makeFolder(folder);
  const record = await RunRecord.claim(folder, () => undefined);
  const report = createReporter(process.stdout);
  const supervisor = new Supervisor(record, report, () => undefined);
  const template = `tidemark_template_${process.pid}`;
  let adminUrl = process.env.DATABASE_URL;
  let temporalAddress = process.env.TEMPORAL_ADDRESS;
  const teardown = async () => {
    if (adminUrl) await dropDatabase(adminUrl, template).catch(() => undefined);
    await supervisor.stop();
    record.release();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await together(new AbortController().signal, [
      async (signal) => {
        adminUrl ||= await startPostgres(supervisor, folder, signal);
        await makeTemplate(adminUrl, template);
        project.provide('postgresUrl', adminUrl);
        project.provide('templateDatabase', template);
      },
      async (signal) => {
        temporalAddress ||= await startTemporal(supervisor, folder, report, signal);
        await withTemporal(temporalConfig(temporalAddress), (connection) =>
          ensureSearchAttributes(connection, namespace),
        );
        project.provide('temporalAddress', temporalAddress);
      },
      async (signal) => {
        project.provide('s3', await startS3(supervisor, folder, { env: process.env, report, signal }));
      },
    ]);
  } catch (error) {
    await teardown();
    throw error;
  }
  return teardown;
}

async function startPostgres(supervisor: Supervisor, folder: string, signal: AbortSignal): Promise<string> {
  const cluster = await preparePostgres(makePostgresHome(folder), password);
  const port = await pickPort(undefined);
  const url = postgresUrl(port, password, 'postgres');
  const server = postgresProcess(cluster, port, join(folder, 'logs', 'postgres.log'), throwawaySettings);
  await supervisor.launch(server, () => whyPostgresIsDown(url), { withinMs, signal });
  return url;
}

async function startTemporal(
  supervisor: Supervisor,
  folder: string,
  report: ReturnType<typeof createReporter>,
  signal: AbortSignal,
): Promise<string> {
  const command = await findTemporal({ env: process.env, report, signal });
  const port = await pickPort(undefined);
  const uiPort = await pickPort(undefined, [port]);
  const address = `127.0.0.1:${port}`;
  const logFile = join(folder, 'logs', 'temporal.log');
  const server = temporalProcess({ command, port, uiPort, namespace, logFile, env: process.env });
  await supervisor.launch(server, () => whyTemporalIsDown(temporalConfig(address)), { withinMs, signal });
  return address;
}

async function makeTemplate(adminUrl: string, name: string): Promise<void> {
  await dropDatabase(adminUrl, name);
  await queryOnce(adminUrl, `CREATE DATABASE ${name}`);
  await withOrm({ DATABASE_URL: databaseUrl(adminUrl, name), DATABASE_POOL_SIZE: 2 }, migrate);
}

async function dropDatabase(adminUrl: string, name: string): Promise<void> {
  await queryOnce(adminUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
}

function databaseUrl(adminUrl: string, name: string): string {
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return url.href;
}

function temporalConfig(address: string) {
  return { TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace, TEMPORAL_TLS: false, TEMPORAL_API_KEY: undefined };
}

function isOurs(entry: string): boolean {
  return [folderPrefix, stackFolderPrefix].some((prefix) => entry.startsWith(prefix));
}

/** Ends the servers of test runs that were killed, and removes their data. */
async function clearAbandoned(): Promise<void> {
  for (const name of readdirSync(tmpdir()).filter(isOurs)) {
    const folder = join(tmpdir(), name);
    if (await endAbandoned(folder)) rmSync(folder, { recursive: true, force: true });
  }
}
