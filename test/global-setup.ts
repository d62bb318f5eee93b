import { randomUUID } from 'node:crypto';
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
import { findTemporal } from '../cli/stack/temporal-command.ts';
import { temporalProcess, whyTemporalIsDown, withTemporal } from '../cli/stack/temporal-server.ts';
import { migrate } from '../shared/db/migrate.ts';
import { ensureSearchAttributes } from '../shared/temporal.ts';
import { startServers, type TestServers } from './servers.ts';

const namespace = 'default';
const withinMs = 60_000;
/** The data are temporary and reachable from this machine only. */
const password = randomUUID();

/**
 * Starts one PostgreSQL, one Temporal and one S3 server for all service tests and removes their data afterwards.
 * DATABASE_URL and TEMPORAL_ADDRESS name existing servers to use instead. A server that does not start fails the run.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const template = `tidemark_template_${process.pid}`;
  let adminUrl = process.env.DATABASE_URL;
  const stop = await startServers(project, [
    async (servers, signal) => {
      adminUrl ||= await startPostgres(servers, signal);
      await makeTemplate(adminUrl, template);
      project.provide('postgresUrl', adminUrl);
      project.provide('templateDatabase', template);
    },
    async (servers, signal) => {
      const address = process.env.TEMPORAL_ADDRESS || (await startTemporal(servers, signal));
      await withTemporal(temporalConfig(address), (connection) => ensureSearchAttributes(connection, namespace));
      project.provide('temporalAddress', address);
    },
  ]);
  return async () => {
    if (adminUrl) await dropDatabase(adminUrl, template).catch(() => undefined);
    await stop();
  };
}

async function startPostgres({ supervisor, folder }: TestServers, signal: AbortSignal): Promise<string> {
  const cluster = await preparePostgres(makePostgresHome(folder), password);
  const port = await pickPort(undefined);
  const url = postgresUrl(port, password, 'postgres');
  const server = postgresProcess(cluster, port, join(folder, 'logs', 'postgres.log'), throwawaySettings);
  await supervisor.launch(server, () => whyPostgresIsDown(url), { withinMs, signal });
  return url;
}

async function startTemporal({ supervisor, folder, report }: TestServers, signal: AbortSignal): Promise<string> {
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
