import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { identityOf } from './process-identity.ts';
import { type Death, type ProcessSpec, SupervisedProcess } from './supervised.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-supervised-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function shell(script: string, more: Partial<ProcessSpec> = {}): ProcessSpec {
  return {
    name: 'shell',
    command: '/bin/sh',
    args: ['-c', script],
    env: process.env,
    cwd: folder,
    logFile: join(folder, 'log'),
    stopSignal: 'SIGTERM',
    stopPatienceMs: 200,
    ...more,
  };
}

test('a process that keeps dying at its start is restarted after growing delays', async () => {
  const deaths: Death[] = [];
  await new Promise<void>((resolve) => {
    const supervised = new SupervisedProcess(shell('echo tried; exit 3'), {
      started: () => undefined,
      died: (_, death) => {
        deaths.push(death);
        if (deaths.length === 3) void supervised.stop().then(resolve);
      },
    });
    supervised.start();
  });
  expect(deaths).toEqual([
    { how: 'exit code 3', inARow: 1, restartInMs: 100 },
    { how: 'exit code 3', inARow: 2, restartInMs: 200 },
    { how: 'exit code 3', inARow: 3, restartInMs: 400 },
  ]);
  expect(readFileSync(join(folder, 'log'), 'utf8')).toBe('tried\ntried\ntried\n');
});

test('a killed process is restarted soon, however often', async () => {
  const deaths: Death[] = [];
  await new Promise<void>((resolve) => {
    const supervised = new SupervisedProcess(shell('exec sleep 60'), {
      started: ({ pid }) => pid !== undefined && process.kill(pid, 'SIGKILL'),
      died: (_, death) => {
        deaths.push(death);
        if (deaths.length === 6) void supervised.stop().then(resolve);
      },
    });
    supervised.start();
  });
  expect(deaths.every(({ how, restartInMs }) => how === 'SIGKILL' && restartInMs <= 1_500)).toBe(true);
});

test('a process that ignores SIGTERM is killed', async () => {
  const supervised = new SupervisedProcess(shell("trap '' TERM; while :; do sleep 0.05; done"), {
    started: () => undefined,
    died: () => undefined,
  });
  supervised.start();
  const { pid } = supervised;
  await supervised.stop();
  expect(pid !== undefined && identityOf(pid)).toBeUndefined();
});
