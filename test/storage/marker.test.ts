import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createOrm, dbOf, type Orm } from '../../shared/db/orm.ts';
import { createLocalStorage } from '../../shared/storage/local.ts';
import { requireOwnStorage, WrongStorageError } from '../../shared/storage/marker.ts';
import { createTestDatabase, type TestDatabase } from '../database.ts';
import { localPlace, s3Place, type TestPlace } from './places.ts';

const marker = 'tidemark-storage.json';

describe.each([
  ['a folder', localPlace],
  ['a bucket', s3Place],
] as const)('the marker in %s', (_, open) => {
  let database: TestDatabase;
  let orm: Orm;
  let place: TestPlace;
  beforeAll(async () => {
    database = await createTestDatabase();
    orm = await createOrm({ DATABASE_URL: database.url, DATABASE_POOL_SIZE: 8 });
    place = await open();
  });
  afterAll(async () => {
    await orm.close();
    await database.drop();
    await place.close();
  });

  it('is created once by processes that start concurrently', async () => {
    await Promise.all(Array.from({ length: 6 }, () => requireOwnStorage(orm, place.storage)));
    await requireOwnStorage(orm, place.storage);
    expect(await place.contents()).toEqual([marker]);
    const { id } = await dbOf(orm.em.fork()).selectFrom('installation').select('id').executeTakeFirstOrThrow();
    expect(JSON.parse(await text(place.storage.read(marker)))).toEqual({ installation: id });
  });

  it('is missing in another storage, and the error gives the remedy', async () => {
    const other = await open();
    const said = await requireOwnStorage(orm, other.storage).catch((error: unknown) => error);
    expect(said).toBeInstanceOf(WrongStorageError);
    expect(String(said)).toMatch(
      /^WrongStorageError: Wrong storage: the .* has no .*json.*write \{"installation":".*"\} to/,
    );
    expect(await other.contents()).toEqual([]);
    await other.close();
  });

  it('rejects the storage of another database', async () => {
    await dbOf(orm.em.fork())
      .updateTable('installation')
      .set({ id: '00000000-0000-4000-8000-000000000000', storage_marked_at: null })
      .execute();
    await expect(requireOwnStorage(orm, place.storage)).rejects.toThrow(/belongs to another database\. .*delete/);
  });
});

it.each(['api/main.ts', 'worker/main.ts'])(
  'keeps %s from starting over another storage, with one line',
  async (entry) => {
    const database = await createTestDatabase();
    const orm = await createOrm({ DATABASE_URL: database.url, DATABASE_POOL_SIZE: 2 });
    const [own, other] = [
      await mkdtemp(join(tmpdir(), 'tidemark-own-')),
      await mkdtemp(join(tmpdir(), 'tidemark-other-')),
    ];
    await requireOwnStorage(orm, createLocalStorage(own));
    const env = {
      PATH: process.env.PATH,
      DATABASE_URL: database.url,
      TEMPORAL_ADDRESS: inject('temporalAddress'),
      SECRET: 'a secret of the tests, longer than 32 characters',
      API_PORT: '0',
      STORAGE_DIR: other,
    };
    const run = promisify(execFile)(process.execPath, [resolve(import.meta.dirname, '../..', entry)], { env });
    const { code, stderr } = await run.then(
      () => ({ code: 0, stderr: '' }),
      (error: { code: number; stderr: string }) => error,
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Wrong storage: the folder \S+ \(STORAGE_DIR\) has no [^\n]+\n$/);
    await orm.close();
    await database.drop();
    for (const folder of [own, other]) await rm(folder, { recursive: true });
  },
);
