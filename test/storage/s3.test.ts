import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { CreateMultipartUploadCommand, ListPartsCommand, S3Client, UploadPartCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createS3Storage } from '../../shared/storage/s3.ts';
import { createS3Place } from '../../shared/storage/s3-place.ts';
import { newBucket, s3Place } from './places.ts';

const MB = 1024 * 1024;
const content = Buffer.alloc(27 * MB, 'what the killed writer wrote ');

let place: Awaited<ReturnType<typeof s3Place>>;
beforeAll(async () => {
  place = await s3Place();
});
afterAll(() => place.close());

/** What a writer leaves that was killed after these parts of 8 MB. */
async function killedWriter(key: string, parts: readonly Buffer[]): Promise<string | undefined> {
  const { client, bucket, prefix } = place.place;
  const object = { Bucket: bucket, Key: prefix + key };
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(object));
  for (const [index, Body] of parts.entries()) {
    await client.send(new UploadPartCommand({ ...object, UploadId, PartNumber: index + 1, Body }));
  }
  return UploadId;
}

/** The same storage, and the numbers of the parts that it sends. */
function watched(abandonedAfterMs: number) {
  const { client } = createS3Place(place.config);
  const sent: (number | undefined)[] = [];
  client.middlewareStack.add(
    (next) => (args) => {
      const { input } = args;
      if ('PartNumber' in input) sent.push(Number(input.PartNumber));
      return next(args);
    },
    { step: 'initialize' },
  );
  return { storage: createS3Storage({ ...place.place, client, abandonedAfterMs }), sent };
}

it('resumes the upload of a killed writer, and uploads differing parts again', async () => {
  await killedWriter('resumed', [content.subarray(0, 8 * MB), Buffer.alloc(8 * MB, 'something else')]);
  const { storage, sent } = watched(0);
  await storage.write('resumed', Readable.from([content]));
  expect(sent.sort()).toEqual([2, 3, 4]);
  expect((await buffer(storage.read('resumed'))).equals(content)).toBe(true);
  expect(await place.contents()).toEqual(['resumed']);
  await storage.removeFile('resumed');
});

it('does not touch the upload of a live writer', async () => {
  const id = await killedWriter('living', [content.subarray(0, 8 * MB)]);
  const { storage, sent } = watched(60_000);
  await storage.write('living', Readable.from([content]));
  expect(sent.sort()).toEqual([1, 2, 3, 4]);
  const { client, bucket, prefix } = place.place;
  const living = new ListPartsCommand({ Bucket: bucket, Key: `${prefix}living`, UploadId: id });
  expect((await client.send(living)).Parts).toHaveLength(1);
  await storage.removeFile('living');
  expect(await place.contents()).toEqual(['upload of living']);
  await storage.removeUnfinished(new Date(Date.now() + 60_000), 10);
});

it('never mixes the content of two concurrent writers', async () => {
  const { storage } = place;
  const [mine, other] = [content, Buffer.alloc(content.length, 'what another writer wrote ')];
  let goOn: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const slowly = Readable.from(
    (async function* () {
      yield mine.subarray(0, 17 * MB);
      await gate;
      yield mine.subarray(17 * MB);
    })(),
  );
  const first = storage.write('met', slowly).then(
    () => true,
    () => false,
  );
  await expect.poll(() => place.contents()).toEqual(['upload of met']);
  // Reads the first writer's parts as abandoned, and writes its own over them.
  const second = storage.write('met', Readable.from([other])).then(
    () => true,
    () => false,
  );
  const secondDone = await second;
  goOn();
  const outcomes = [await first, secondDone];
  expect(outcomes).toContain(true);
  const found = await buffer(storage.read('met'));
  expect(found.equals(mine) || found.equals(other)).toBe(true);
  expect(await place.contents()).toEqual(['met']);
  await storage.removeFile('met');
});

it('lists abandoned uploads by age, with a limit, and removes them with their folder', async () => {
  const { storage } = place;
  for (const key of ['x/1', 'x/2', 'x/3', 'y/1']) await killedWriter(key, [content.subarray(0, 100)]);
  const soon = new Date(Date.now() + 60_000);
  expect(await storage.removeUnfinished(new Date(Date.now() - 60_000), 10)).toBe(0);
  expect(await storage.removeUnfinished(soon, 2)).toBe(2);
  expect(await storage.removeUnfinished(soon, 1)).toBe(1);
  await storage.removeFolder('y');
  expect(await place.contents()).toEqual([]);
});

it('closes the connection of a file that is not read to its end', async () => {
  const { storage: whole, place: base } = place;
  const { endpoint, ...credentials } = place.access;
  const requestHandler = { httpAgent: { maxSockets: 2, keepAlive: true } };
  const client = new S3Client({ endpoint, credentials, region: 'us-east-1', forcePathStyle: true, requestHandler });
  const storage = createS3Storage({ ...base, client });
  await whole.write('long', Readable.from([content]));
  for (let n = 0; n < 10; n += 1) {
    const file = storage.read('long');
    for await (const _ of file) break;
    storage.read('long').destroy();
  }
  expect(await storage.size('long')).toBe(content.length);
  await whole.removeFile('long');
});

it('signs links that need no credential, name the file and expire', async () => {
  const { storage } = place;
  await storage.write('signed/file.csv', Readable.from([Buffer.from('a,b\n')]));
  const options = { fileName: 'Sales.csv', contentType: 'text/csv; charset=utf-8' };
  const url = await storage.signedUrl('signed/file.csv', { ...options, expiresInSeconds: 60 });
  const answer = await fetch(url ?? '', { headers: { range: 'bytes=2-3' } });
  expect([answer.status, await answer.text()]).toEqual([206, 'b\n']);
  expect(answer.headers.get('content-type')).toBe(options.contentType);
  expect(answer.headers.get('content-disposition')).toBe('attachment; filename="Sales.csv"');
  expect((await fetch((url ?? '').replace('file.csv', 'other.csv'))).status).toBe(403);
  const short = await storage.signedUrl('signed/file.csv', { ...options, expiresInSeconds: 1 });
  await expect.poll(async () => (await fetch(short ?? '')).status, { timeout: 10_000, interval: 500 }).toBe(403);
});

it('names the bucket that does not exist', async () => {
  const missing = createS3Storage(createS3Place({ ...(await newBucket()), S3_BUCKET: 'nobody-made-this' }));
  await expect(missing.write('a', Readable.from([content]))).rejects.toThrow(/bucket does not exist/);
  await expect(text(missing.read('a'))).rejects.toThrow(/bucket does not exist/);
});
