import { existsSync, readdirSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { readDevFile } from '../../cli/stack/dev-file.ts';
import { whyWorkerIsUnhealthy } from '../../deploy/worker-health.ts';
import { createTestDatabase, type TestDatabase } from '../database.ts';
import { eventually } from '../eventually.ts';
import { ready, stackFolder, tidemark } from '../stack/command.ts';

const taskQueue = 'demo';
let folder: string;
let database: TestDatabase;
let env: NodeJS.ProcessEnv;

const demo = () => tidemark(['demo', '--folder', folder, '--records', '3000'], env);

beforeAll(async () => {
  folder = stackFolder();
  database = await createTestDatabase();
  env = { DATABASE_URL: database.url, TEMPORAL_ADDRESS: inject('temporalAddress'), TASK_QUEUE: taskQueue };
});

afterAll(async () => {
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

test('sends a month, makes a report, checks its file, says where to look and stops what it started', async () => {
  const first = demo();
  expect(await first.ended(), first.output()).toBe(0);
  const path = /^File {7}(?<path>.*)$/m.exec(first.output())?.groups?.path ?? '';
  expect(existsSync(path), first.output()).toBe(true);
  expect(first.output()).toMatch(/rows, .*, SHA-256 and row count verified/);
  expect(first.output()).toContain('README.md');
  expect(readDevFile(folder)).toBeUndefined();
});

test('uses a stack that runs, leaves it running, and stores nothing twice', async () => {
  const stack = tidemark(['start', '--folder', folder, '--port', '0'], env);
  const { api_url } = await ready(stack, folder);
  const second = demo();
  expect(await second.ended(), second.output()).toBe(0);
  expect(second.output()).toContain(`Using the running stack at ${api_url}`);
  expect(second.output()).not.toMatch(/ 0 known already/);
  expect(readdirSync(join(folder, 'demo')).length).toBe(1);
  expect(stack.child.exitCode).toBeNull();

  const config = { ...env, SECRET: 'not used to look at a worker, but asked for' };
  expect(await whyWorkerIsUnhealthy(config, hostname())).toBeUndefined();
  expect(await whyWorkerIsUnhealthy(config, 'another-host')).toBe('The worker of another-host does not poll demo.');
  stack.child.kill('SIGTERM');
  expect(await stack.ended(), stack.output()).toBe(0);
});

test('Ctrl-C on the way stops what it started', async () => {
  const interrupted = demo();
  await eventually('telemetry on its way', 50_000, () =>
    interrupted.output().includes('Telemetry') ? true : undefined,
  );
  interrupted.child.kill('SIGINT');
  expect(await interrupted.ended(), interrupted.output()).toBe(130);
  expect(interrupted.output()).toContain('Stopped.');
  expect(existsSync(join(folder, 'processes.json'))).toBe(false);
});

test('what goes wrong is one line', async () => {
  const lost = tidemark(['demo', '--folder', folder], { ...env, TEMPORAL_ADDRESS: '127.0.0.1:1' });
  expect(await lost.ended()).toBe(1);
  expect(lost.output().trimEnd().split('\n').at(-1)).toMatch(/^The Temporal server of TEMPORAL_ADDRESS is not usable/);
});
