import { execFile } from 'node:child_process';
import { createWriteStream, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { arch, platform } from 'node:process';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { z } from 'zod';
import { reasonOf } from '../cli-error.ts';
import type { Reporter } from './reporter.ts';
import type { MakeTemporal } from './temporal-source.ts';

/** Also used by the Temporal SDK's test environment. */
const officialSite = 'https://temporal.download';
/** An unreachable site must not delay the start. */
const answerWithinMs = 5_000;
const silenceAtMostMs = 15_000;

const infoSchema = z.object({ archiveUrl: z.url(), fileToExtract: z.string() });

/**
 * Downloads the official build for this platform to `target`.
 * @throws Error if the site does not respond in time or has no build
 */
export async function downloadTemporal(target: string, options: MakeTemporal, site = officialSite): Promise<void> {
  const { version, report, signal } = options;
  const query = new URLSearchParams({ arch: arch === 'x64' ? 'amd64' : arch, platform, format: 'tar.gz' });
  const info = infoSchema.parse(await (await ask(`${site}/cli/${version}?${query}`, signal)).json());
  mkdirSync(dirname(target), { recursive: true });
  // On the same disk as the target, so that the last step is an atomic rename, safe with concurrent downloads.
  const draft = mkdtempSync(join(dirname(target), 'download-'));
  try {
    const archive = join(draft, 'temporal.tar.gz');
    await save(await ask(info.archiveUrl, signal), archive, report, signal);
    await promisify(execFile)('tar', ['-xzf', archive, '-C', draft, info.fileToExtract]);
    renameSync(join(draft, info.fileToExtract), target);
    report.line(`Downloaded ${basename(target)} ${version} to ${target}`);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

async function ask(url: string, signal: AbortSignal): Promise<Response> {
  const late = new AbortController();
  const timer = setTimeout(
    () => late.abort(new Error(`no response within ${answerWithinMs / 1000} s`)),
    answerWithinMs,
  );
  const { host } = new URL(url);
  try {
    const response = await fetch(url, { signal: AbortSignal.any([signal, late.signal]) });
    if (!response.ok) throw new Error(`answered ${response.status}`);
    return response;
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    throw new Error(`${host}: ${reasonOf(cause)}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

async function save(response: Response, path: string, report: Reporter, signal: AbortSignal): Promise<void> {
  if (!response.body) throw new Error('empty response');
  const silence = new AbortController();
  const total = Number(response.headers.get('content-length') ?? 0);
  let received = 0;
  let timer: NodeJS.Timeout | undefined;
  const watch = () => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(new Error('the download stalled')), silenceAtMostMs);
  };
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      received += chunk.length;
      watch();
      report.progress(`Downloading temporal: ${megabytes(received)}${total > 0 ? ` of ${megabytes(total)}` : ''} MB`);
      done(null, chunk);
    },
  });
  watch();
  try {
    const both = AbortSignal.any([signal, silence.signal]);
    await pipeline(Readable.fromWeb(response.body), meter, createWriteStream(path), { signal: both });
  } finally {
    clearTimeout(timer);
  }
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
