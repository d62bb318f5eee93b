import { setTimeout as sleep } from 'node:timers/promises';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApiKey } from '../../shared/organisations/api-keys.ts';
import { ensureOrganisation } from '../../shared/organisations/organisations.ts';
import { type ApiClient, createApiClient } from '../service/api-client.ts';
import { startService, type TestService } from '../service/service.ts';
import { beginUpload, type Upload } from './upload.ts';

let service: TestService;
let key: string;
let acme: ApiClient;
let globex: ApiClient;

const TURNS = 2;

async function keyFor(on: TestService, orgId: string): Promise<string> {
  const em = on.orm.em.fork();
  await ensureOrganisation(em, orgId, orgId, new Date());
  return (await createApiKey(em, { orgId, role: 'ingest', name: orgId })).key;
}

beforeAll(async () => {
  service = await startService({
    workers: false,
    env: {
      INGEST_MAX_CONCURRENT: String(TURNS),
      INGEST_MAX_WAITING: '4',
      BODY_TIMEOUT_SECONDS: '4',
      BODY_GRACE_SECONDS: '1',
      BODY_MEMORY_MB: '40',
      BODY_MEMORY_MB_PER_ORG: '20',
    },
  });
  key = await keyFor(service, 'acme');
  acme = createApiClient(service.origin, key);
  globex = createApiClient(service.origin, await keyFor(service, 'globex'));
});
afterAll(() => service.close());

const event = (id: string) => ({ type: 'event', event_type: 'x', event_name: 'y', event_id: id });
const lines = (name: string) =>
  Array.from({ length: 200 }, (_, n) => JSON.stringify({ ...event(`${name}-${n}`), properties: { n: Math.random() } }));

/** Compresses a body in each encoding. */
const encodings: Readonly<Record<string, (body: string) => Buffer>> = {
  identity: (body) => Buffer.from(body),
  gzip: (body) => gzipSync(body),
  'x-gzip': (body) => gzipSync(body),
  deflate: (body) => deflateSync(body),
  br: (body) => brotliCompressSync(body),
  zstd: (body) => zstdCompressSync(body),
};

describe.each(Object.entries(encodings))('a body in %s', (encoding, pack) => {
  const headers = { 'content-type': 'application/x-ndjson', 'content-encoding': encoding };

  it('is stored', async () => {
    const { status, json } = await acme.post('/batch', pack(lines(encoding).join('\n')), headers);
    expect([status, json]).toEqual([202, { accepted: 200, duplicates: 0, rejected: 0, errors: [] }]);
  });

  it('that is aborted at any tenth holds no turn and stores nothing', async () => {
    const body = pack(lines(`broken-${encoding}`).join('\n'));
    for (const isChunked of [false, true]) {
      for (let tenth = 0; tenth < 10; tenth += 1) {
        const part = body.subarray(0, Math.floor((body.length * tenth) / 10));
        const upload = await beginUpload(service.origin, key, {
          headers: { 'content-encoding': encoding },
          ...(isChunked ? {} : { contentLength: body.length }),
        });
        if (part.length > 0) {
          if (isChunked) upload.socket.write(`${part.length.toString(16)}\r\n`);
          upload.socket.write(part);
        }
        await sleep(20);
        upload.close();
        await upload.ended;
      }
    }
    const answers = await Promise.all([acme, globex].map((org) => org.post('/batch', [event(`after-${encoding}`)])));
    expect(answers.map(({ status }) => status)).toEqual([202, 202]);
    // Known ids would be duplicates.
    const { json } = await acme.post('/batch', body, headers);
    expect(json).toMatchObject({ accepted: 200, duplicates: 0 });
  });
});

it('that decompresses to more than 16 MB is answered with 413', async () => {
  for (const encoding of ['gzip', 'deflate', 'br', 'zstd']) {
    const bomb = encodings[encoding]?.(' '.repeat(17 * 1024 * 1024)) ?? Buffer.alloc(0);
    const { status, json } = await acme.post('/batch', bomb, { 'content-encoding': encoding });
    expect([status, json.type]).toEqual([413, 'urn:tidemark:problem:too-large']);
  }
});

describe('slow uploads', () => {
  const slow = (contentLength: number) => beginUpload(service.origin, key, { contentLength });

  it('delay no other request and are answered with 408', async () => {
    const uploads: Upload[] = await Promise.all(Array.from({ length: TURNS * 4 }, () => slow(1000)));
    const trickle = setInterval(() => {
      for (const { socket } of uploads) if (!socket.destroyed) socket.write(' ');
    }, 300);
    try {
      const startedAt = performance.now();
      for (let n = 0; n < 5; n += 1) expect((await globex.post('/batch', [event(`quick-${n}`)])).status).toBe(202);
      expect((await acme.post('/batch', [event('own')])).status).toBe(202);
      expect(performance.now() - startedAt).toBeLessThan(1500);
      const statuses = await Promise.all(uploads.map((upload) => upload.status()));
      expect(new Set(statuses)).toEqual(new Set([408]));
      expect(performance.now() - startedAt).toBeLessThan(4000);
    } finally {
      clearInterval(trickle);
      for (const upload of uploads) upload.close();
    }
  });

  it('above the least rate end at the deadline', async () => {
    const upload = await slow(10_000_000);
    const trickle = setInterval(() => upload.socket.write(Buffer.alloc(10_000, 0x20)), 200);
    const startedAt = performance.now();
    try {
      expect(await upload.status()).toBe(408);
      expect(performance.now() - startedAt).toBeGreaterThan(3500);
    } finally {
      clearInterval(trickle);
      upload.close();
    }
  });

  it('count only against the memory of their own organisation, until they end', async () => {
    const uploads = await Promise.all([slow(9_000_000), slow(9_000_000)]);
    try {
      await sleep(200);
      const body = Buffer.alloc(9_000_000, 0x20);
      const headers = { 'content-type': 'application/x-ndjson' };
      const refused = await acme.post('/batch', body, headers);
      expect([refused.status, refused.json.type]).toEqual([429, 'urn:tidemark:problem:overloaded']);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      expect((await globex.post('/batch', body, headers)).status).toBe(202);
      for (const upload of uploads) upload.close();
      await Promise.all(uploads.map(({ ended }) => ended));
      await sleep(50);
      expect((await acme.post('/batch', body, headers)).status).toBe(202);
    } finally {
      for (const upload of uploads) upload.close();
    }
  });
});
