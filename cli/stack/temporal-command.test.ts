import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentReporter } from './reporter.ts';
import { cacheFolder, findTemporal } from './temporal-command.ts';
import { downloadTemporal } from './temporal-download.ts';
import type { TemporalSource } from './temporal-source.ts';

let folder: string;
let env: NodeJS.ProcessEnv;
const signal = new AbortController().signal;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-find-'));
  env = { PATH: join(folder, 'bin'), XDG_CACHE_HOME: join(folder, 'cache') };
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function program(path: string, exitCode = 0): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\nexit ${exitCode}\n`);
  chmodSync(path, 0o755);
  return path;
}

const source = (name: string, make: TemporalSource['make']): TemporalSource => ({ name, make });
const unreachable = source('download', async () => {
  throw new Error('unreachable');
});
const find = (...sources: TemporalSource[]) => findTemporal({ env, report: silentReporter, signal, sources });

test('the command on PATH takes precedence', async () => {
  const onPath = program(join(folder, 'bin', 'temporal'));
  expect(await find(unreachable)).toBe(onPath);
});

test('the first working source provides it, once', async () => {
  let made = 0;
  const build = source('build', async (target) => {
    made += 1;
    program(target);
  });
  const first = await find(unreachable, build);
  expect(first.startsWith(cacheFolder(env))).toBe(true);
  expect(await find(unreachable, build)).toBe(first);
  expect(made).toBe(1);
});

test('a command that does not run is skipped', async () => {
  program(join(folder, 'bin', 'temporal'), 1);
  const broken = source('broken', async (target) => void program(target, 1));
  const good = source('good', async (target) => void program(target));
  expect(await find(broken, good)).toContain('cache');
});

test('without a command the error lists the attempts and the fix in one line', async () => {
  const failure = await find(unreachable).catch((error: Error) => error.message);
  expect(failure).toMatch(/^No "temporal" command .*download: unreachable.* set TEMPORAL_ADDRESS [^\n]*$/);
});

test('the official download is unpacked at the target', async () => {
  const archive = join(folder, 'temporal.tar.gz');
  program(join(folder, 'unpacked', 'temporal'));
  execFileSync('tar', ['-czf', archive, '-C', join(folder, 'unpacked'), 'temporal']);
  const server = await serve((path, site) =>
    path.startsWith('/cli/v1.5.1?')
      ? JSON.stringify({ archiveUrl: `${site}/archive`, fileToExtract: 'temporal' })
      : execFileSync('cat', [archive]),
  );
  const target = join(folder, 'cache', 'temporal');
  await downloadTemporal(target, { version: 'v1.5.1', env, report: silentReporter, signal }, siteOf(server));
  server.close();
  execFileSync(target);
  expect(readdirSync(dirname(target))).toEqual(['temporal']);
});

test('a failed download leaves no files', async () => {
  const server = await serve(() => undefined);
  const target = join(folder, 'cache', 'temporal');
  const site = siteOf(server);
  const download = downloadTemporal(target, { version: 'v1.5.1', env, report: silentReporter, signal }, site);
  await expect(download).rejects.toThrow(/127\.0\.0\.1:\d+: answered 404/);
  server.close();
  expect(existsSync(target)).toBe(false);
});

async function serve(answer: (path: string, site: string) => string | Buffer | undefined): Promise<Server> {
  const server = createServer((request, response) => {
    const body = answer(request.url ?? '', siteOf(server));
    response.writeHead(body === undefined ? 404 : 200).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

function siteOf(server: Server): string {
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
}
