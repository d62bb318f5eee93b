import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { BASE_PATH } from '../../api/http/base-path.ts';
import { type DevFile, devFilePath, readDevFile } from '../../cli/stack/dev-file.ts';
import { pickPort } from '../../cli/stack/ports.ts';
import { queryOnce, whyPostgresIsDown } from '../../cli/stack/postgres.ts';
import { whyTemporalIsDown, withTemporal } from '../../cli/stack/temporal-server.ts';
import { createTestDatabase } from '../database.ts';
import { eventually } from '../eventually.ts';
import { type Command, isAlive, ready, stackFolder, tidemark } from './command.ts';

const services = ['api', 'worker', 'temporal', 'postgres'] as const;

let folder: string;
let port: number;
let command: Command;
let dev: DevFile;

const start = (at = folder) => tidemark(['start', '--folder', at, '--port', String(port)]);
const temporalOf = ({ temporal_address }: DevFile) => ({
  TEMPORAL_ADDRESS: temporal_address,
  TEMPORAL_NAMESPACE: 'default',
  TEMPORAL_TLS: false,
  TEMPORAL_API_KEY: undefined,
});

/** Undefined where one of the services does not work. */
async function allWork(): Promise<true | undefined> {
  const health = await fetch(`${dev.api_url}${BASE_PATH}/health`).catch(() => undefined);
  const lacks = [await whyPostgresIsDown(dev.database_url), await whyTemporalIsDown(temporalOf(dev))];
  return health?.ok && lacks.every((lack) => lack === undefined) ? true : undefined;
}

beforeAll(async () => {
  folder = stackFolder();
  port = await pickPort(undefined);
  command = start();
  dev = await ready(command, folder);
});

afterAll(async () => {
  command.child.kill('SIGTERM');
  await command.ended();
  rmSync(folder, { recursive: true, force: true });
});

test('dev.json describes what runs, and only its owner may read it', async () => {
  expect(statSync(devFilePath(folder)).mode & 0o777).toBe(0o600);
  expect(dev.api_url).toBe(`http://127.0.0.1:${port}`);
  expect(await allWork()).toBe(true);
  expect((await fetch(dev.temporal_ui_url ?? '')).ok).toBe(true);
  for (const service of services) expect(isAlive(dev.pids[service] ?? 0), service).toBe(true);
  expect(command.output()).toContain(dev.api_url);
});

test('nothing that is acknowledged can be lost, and the settings are those that the product needs', async () => {
  const names = ['fsync', 'synchronous_commit', 'full_page_writes', 'shared_preload_libraries', 'TimeZone'];
  const rows = await queryOnce(
    dev.database_url,
    `SELECT current_setting(name) AS value FROM unnest($1::text[]) WITH ORDINALITY AS asked (name, place) ORDER BY place`,
    [names],
  );
  expect(rows).toEqual(['on', 'on', 'on', 'pg_stat_statements', 'UTC'].map((value) => ({ value })));
  const { config } = await withTemporal(temporalOf(dev), (connection) =>
    connection.workflowService.describeNamespace({ namespace: 'default' }),
  );
  expect(Number(config?.workflowExecutionRetentionTtl?.seconds)).toBe(30 * 24 * 60 * 60);
});

test.each(services)('%s is started again within 2 s of a SIGKILL', async (service) => {
  const before = readDevFile(folder)?.pids[service];
  if (!before) throw new Error(`no ${service}`);
  process.kill(before, 'SIGKILL');
  const after = await eventually(`another ${service}`, 2_000, () => {
    const pid = readDevFile(folder)?.pids[service];
    return pid && pid !== before && isAlive(pid) ? pid : undefined;
  });
  expect(after).not.toBe(before);
  await eventually('all work again', 20_000, allWork);
  expect(command.output()).toContain(`${service} died (SIGKILL), started again`);
});

test('a session that computes while its server is killed does not keep the next one out', async () => {
  const client = new pg.Client({ connectionString: dev.database_url });
  client.on('error', () => undefined);
  await client.connect();
  const computed = client.query('SELECT count(*) FROM generate_series(1, 1000000000)').catch(() => 'cut off');
  await eventually('the session to compute', 10_000, async () => {
    const busy = await queryOnce(dev.database_url, "SELECT FROM pg_stat_activity WHERE query LIKE '%000000000)'");
    return busy.length > 0 ? true : undefined;
  });
  const before = command.output().length;
  process.kill(readDevFile(folder)?.pids.postgres ?? 0, 'SIGKILL');
  expect(await computed).toBe('cut off');
  await eventually('all work again', 20_000, allWork);
  const said = command
    .output()
    .slice(before)
    .split('\n')
    .filter((line) => line.includes('postgres'));
  expect(said).toEqual([expect.stringContaining('postgres died (SIGKILL), started again')]);
});

test('keys are made, listed and revoked through the stack that runs here', async () => {
  const where = ['--folder', folder];
  const made = tidemark(['keys', 'create', '--org', 'made', '--new-org', '--role', 'ingest', '--name', 'ci', ...where]);
  expect(await made.ended(), made.output()).toBe(0);
  expect(made.output()).toMatch(/^tm_[\w-]{43}$/m);
  const id = made.output().match(/[0-9a-f-]{36}/)?.[0] ?? '';
  const revoked = tidemark(['keys', 'revoke', id, ...where]);
  expect(await revoked.ended(), revoked.output()).toBe(0);
  const listed = tidemark(['keys', 'list', '--org', 'made', ...where]);
  await listed.ended();
  expect(listed.output()).toMatch(new RegExp(`^${id} .* ingest  ci .* revoked `));
  const unknown = tidemark(['keys', 'create', '--org', 'nobody', '--role', 'boss', ...where]);
  expect(await unknown.ended()).toBe(1);
  expect(unknown.output()).toMatch(/^role: must be one of .*\n$/);
});

test('a second start is told of the first, in one line', async () => {
  const second = start();
  expect(await second.ended()).toBe(1);
  expect(second.output()).toMatch(/^Tidemark already runs here \(pid \d+.*\n$/);
});

test('after a supervisor was killed, a start ends what it left and finds the data', async () => {
  await queryOnce(dev.database_url, 'CREATE TABLE kept AS SELECT 1 AS n');
  const left = readDevFile(folder);
  command.child.kill('SIGKILL');
  await command.ended();
  command = start();
  const again = await eventually('a new stack', 50_000, () => {
    if (command.child.exitCode !== null) throw new Error(`the stack ended: ${command.output()}`);
    const now = readDevFile(folder);
    return now && now.pids.api !== left?.pids.api && now.pids.postgres !== left?.pids.postgres ? now : undefined;
  });
  for (const service of services) expect(isAlive(left?.pids[service] ?? 0), service).toBe(false);
  expect({ ...again, pids: null }).toEqual({ ...dev, pids: null });
  expect(await queryOnce(again.database_url, 'SELECT n FROM kept')).toEqual([{ n: 1 }]);
});

test('Ctrl-C ends every process and leaves the data', async () => {
  const pids = readDevFile(folder)?.pids;
  command.child.kill('SIGINT');
  expect(await command.ended(), command.output()).toBe(0);
  for (const service of services) expect(isAlive(pids?.[service] ?? 0), service).toBe(false);
  expect(existsSync(devFilePath(folder))).toBe(false);
  expect(command.output()).toMatch(/Stopped\.\n$/);
});

test('a port in use is one line that says what to do', async () => {
  const holder = createServer().listen(port, '127.0.0.1');
  const refused = start();
  expect(await refused.ended()).toBe(1);
  expect(refused.output()).toMatch(new RegExp(`^Port ${port} is in use: .*--port ${port + 1}\n$`));
  await new Promise((resolve) => holder.close(resolve));
});

test('Ctrl-C during a start ends what was started', async () => {
  command = start();
  await eventually('a process', 20_000, () => (command.output().includes('Starting') ? true : undefined));
  const record = () => readFileSync(join(folder, 'processes.json'), 'utf8');
  const text = await eventually('postgres', 20_000, () => (record().includes('"postgres"') ? record() : undefined));
  command.child.kill('SIGINT');
  expect(await command.ended(), command.output()).toBe(0);
  for (const [, pid] of text.matchAll(/"pid": (\d+)/g)) expect(isAlive(Number(pid))).toBe(false);
});

test('data of another PostgreSQL are one line that says what to do', async () => {
  const version = join(folder, 'postgres', 'data', 'PG_VERSION');
  writeFileSync(version, '17\n');
  const refused = start();
  expect(await refused.ended()).toBe(1);
  writeFileSync(version, '18\n');
  expect(refused.output()).toMatch(/^The data in .* belongs to PostgreSQL 17, but this is 18: move .*\n$/);
});

test('servers that the environment names are used', async () => {
  const database = await createTestDatabase();
  const other = stackFolder();
  const named = tidemark(['start', '--folder', other, '--port', String(port)], {
    DATABASE_URL: database.url,
    TEMPORAL_ADDRESS: inject('temporalAddress'),
    TASK_QUEUE: 'named',
  });
  const file = await ready(named, other);
  expect(file.pids).toMatchObject({ temporal: null, postgres: null });
  expect(file.database_url).toBe(database.url);
  expect(file.temporal_address).toBe(inject('temporalAddress'));
  named.child.kill('SIGTERM');
  expect(await named.ended(), named.output()).toBe(0);
  await database.drop();
  rmSync(other, { recursive: true, force: true });
});
