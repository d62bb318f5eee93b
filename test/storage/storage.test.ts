import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Storage } from '../../shared/storage/storage.ts';
import { localPlace, s3Place, type TestPlace } from './places.ts';

const MB = 1024 * 1024;
const bytes = (content: string) => Readable.from([Buffer.from(content)]);

/** So many megabytes, none like another, made as they are read. */
async function* megabytes(count: number) {
  for (let n = 0; n < count; n += 1) {
    await sleep(0);
    yield Buffer.alloc(MB, `${n} `);
  }
}

describe.each([
  ['a folder', localPlace],
  ['a bucket', s3Place],
] as const)('storage in %s', (_, open) => {
  let place: TestPlace;
  let storage: Storage;
  beforeAll(async () => {
    place = await open();
    storage = place.storage;
  });
  afterAll(() => place.close());

  it('returns the written content, whole and by range, with its size and hash', async () => {
    const content = Buffer.from('0123456789äöü'.repeat(1000));
    const passed: number[] = [];
    const written = await storage.write('a/file.csv', Readable.from([content.subarray(0, 7), content.subarray(7)]), {
      onChunk: (chunk) => passed.push(chunk.length),
    });
    const sha256 = createHash('sha256').update(content).digest('hex');
    expect(written).toEqual({ sizeBytes: content.length, sha256 });
    expect(passed).toEqual([7, content.length - 7]);
    expect(await storage.size('a/file.csv')).toBe(content.length);
    expect((await buffer(storage.read('a/file.csv'))).equals(content)).toBe(true);
    expect(await text(storage.read('a/file.csv', { start: 2, end: 5 }))).toBe('2345');
    await storage.removeFile('a/file.csv');
    await storage.removeFile('a/file.csv');
    expect(await storage.size('a/file.csv')).toBeNull();
    await expect(text(storage.read('a/file.csv'))).rejects.toThrow();
  });

  it('stores empty files, and files of one, several and incomplete parts', async () => {
    for (const size of [0, 1, 8 * MB, 8 * MB + 1, 20 * MB - 1]) {
      const content = Buffer.alloc(size, 'some bytes ');
      const { sha256 } = await storage.write('sizes/file', Readable.from(size === 0 ? [] : [content]));
      expect(await storage.size('sizes/file')).toBe(size);
      expect(
        createHash('sha256')
          .update(await buffer(storage.read('sizes/file')))
          .digest('hex'),
      ).toBe(sha256);
    }
    await storage.removeFolder('sizes');
    expect(await place.contents()).toEqual([]);
  });

  it('stores nothing of a write that is aborted or whose source fails', async () => {
    await storage.write('b/file', bytes('before'));
    for (const afterMegabytes of [0, 1, 9, 25]) {
      const abort = new AbortController();
      const endless = Readable.from(megabytes(1_000));
      let passed = 0;
      const onChunk = () => {
        passed += 1;
        if (passed > afterMegabytes) abort.abort(new Error('enough'));
      };
      await expect(storage.write('b/file', endless, { signal: abort.signal, onChunk })).rejects.toThrow();
      expect(endless.destroyed).toBe(true);
      const breaks = Readable.from(
        (async function* () {
          yield* megabytes(afterMegabytes);
          throw new Error('the source broke');
        })(),
      );
      await expect(storage.write('b/file', breaks)).rejects.toThrow('the source broke');
    }
    const silent = new Readable({ read: () => undefined });
    await expect(storage.write('b/file', silent, { signal: AbortSignal.timeout(50) })).rejects.toThrow();
    await expect(storage.write('b/file', bytes('x'), { signal: AbortSignal.abort() })).rejects.toThrow();
    expect(await place.contents()).toEqual(['b/file']);
    expect(await text(storage.read('b/file'))).toBe('before');
  });

  it('replaces a file atomically: a reader sees the old or the new content', async () => {
    const versions = ['old ', 'new '].map((word) => Buffer.alloc(9 * MB, word));
    const known = new Set(versions.map((version) => createHash('sha256').update(version).digest('hex')));
    await storage.write('c/file', Readable.from([versions[0]]));
    let isWriting = true;
    const readers = [1, 2].map(async () => {
      const seen = new Set<string>();
      do
        seen.add(
          createHash('sha256')
            .update(await buffer(storage.read('c/file')))
            .digest('hex'),
        );
      while (isWriting);
      return seen;
    });
    for (const version of [...versions, ...versions]) await storage.write('c/file', Readable.from([version]));
    isWriting = false;
    for (const seen of await Promise.all(readers)) expect([...seen].filter((sha256) => !known.has(sha256))).toEqual([]);
    await Promise.allSettled(versions.map((version) => storage.write('c/file', Readable.from([version]))));
    const last = createHash('sha256')
      .update(await buffer(storage.read('c/file')))
      .digest('hex');
    expect(known).toContain(last);
    await storage.removeFolder('c');
  });

  it('removes a folder of more than 1,000 files, and nothing else', async () => {
    const keys = Array.from({ length: 1_050 }, (_, n) => `d/many/${n % 3}/${n}`);
    const write = async (start: number) => {
      for (let n = start; n < keys.length; n += 16) await storage.write(keys[n] ?? '', bytes('x'));
    };
    await Promise.all(Array.from({ length: 16 }, (_, start) => write(start)));
    await storage.write('d/many-more', bytes('x'));
    await storage.removeFolder('d/many');
    await storage.removeFolder('d/many');
    expect(await place.contents()).toEqual(['b/file', 'd/many-more']);
  });

  it('removes all files of a folder except one', async () => {
    for (const name of ['file', 'file.1', 'parts/1', 'parts/2']) await storage.write(`e/${name}`, bytes(name));
    await storage.removeAllBut('e/file');
    expect((await place.contents()).filter((key) => key.startsWith('e/'))).toEqual(['e/file']);
  });

  it('accepts keys of any characters, and rejects those outside the storage', async () => {
    const names = ['with space', 'q\'u"o`te', '100%25 ?a=b&c#d', 'ünïcødé 日本', 'a+b=c;d,e@f:g', '..hidden', '<&>'];
    for (const name of names) {
      await storage.write(`f/${name}`, bytes(name));
      expect(await text(storage.read(`f/${name}`))).toBe(name);
      expect(await storage.size(`f/${name}`)).toBe(Buffer.byteLength(name));
    }
    expect((await place.contents()).filter((key) => key.startsWith('f/'))).toEqual(names.map((n) => `f/${n}`).sort());
    await storage.removeFolder('f');
    for (const key of ['../a', '/a', 'a/../../b', 'a//b', 'a/./b', '', 'a/', 'a\0b']) {
      await expect(storage.write(key, bytes('x')), key).rejects.toThrow('inside the storage');
      expect(() => storage.read(key), key).toThrow('inside the storage');
    }
    expect((await place.contents()).filter((key) => key.startsWith('f/'))).toEqual([]);
  });

  it('writes and reads 300 MB in constant memory', async () => {
    const write = storage.write('g/huge', Readable.from(megabytes(300)));
    const writing = await mostBuffered(write);
    const { sizeBytes, sha256 } = await write;
    expect(sizeBytes).toBe(300 * MB);
    const hash = createHash('sha256');
    const read = (async () => {
      for await (const chunk of storage.read('g/huge')) hash.update(chunk);
    })();
    const reading = await mostBuffered(read);
    expect(hash.digest('hex')).toBe(sha256);
    await storage.removeFolder('g');
    console.info(`300 MB: ${writing} MB of buffers while writing, ${reading} MB while reading`);
    expect(writing).toBeLessThan(100);
    expect(reading).toBeLessThan(100);
  });

  it('releases a file that is not read to its end', async () => {
    await storage.write('h/file', Readable.from(megabytes(30)));
    for (let n = 0; n < 20; n += 1) {
      const file = storage.read('h/file');
      for await (const _ of file) break;
      expect(file.destroyed).toBe(true);
    }
    storage.read('h/file').destroy();
    expect(await text(storage.read('h/file', { start: MB, end: MB + 3 }))).toBe('1 1 ');
    await storage.removeFolder('h');
  });
});

/** Collects garbage; V8 offers it to contexts that are created after the flag is set. */
setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

/**
 * The peak of live buffers during the work, in megabytes beyond those of earlier files in this process. Garbage is
 * collected before each sample: when V8 would collect it depends on what else the process has loaded.
 */
async function mostBuffered(work: Promise<unknown>): Promise<number> {
  const sample = () => {
    collectGarbage();
    return process.memoryUsage().arrayBuffers;
  };
  const before = sample();
  let most = before;
  let timer: NodeJS.Timeout;
  const follow = () => {
    const startedAt = performance.now();
    most = Math.max(most, sample());
    // A large heap is slow to collect; the work keeps most of the processor.
    timer = setTimeout(follow, Math.max(50, 5 * (performance.now() - startedAt)));
  };
  timer = setTimeout(follow, 50);
  await work.finally(() => clearTimeout(timer));
  return Math.round((most - before) / MB);
}
