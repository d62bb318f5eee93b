import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, inject } from 'vitest';
import { queryOnce } from '../cli/stack/postgres.ts';
import { createOrm, type Orm } from '../shared/db/orm.ts';

export interface TestDatabase {
  readonly name: string;
  readonly url: string;
  /** Ends whatever is still connected. */
  drop(): Promise<void>;
}

/** A migrated, empty database of a test file's own; drop it in `afterAll`. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const adminUrl = inject('postgresUrl');
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await queryOnce(adminUrl, `CREATE DATABASE ${name} TEMPLATE ${inject('templateDatabase')}`);
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return {
    name,
    url: url.href,
    async drop() {
      await queryOnce(adminUrl, `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

/** Opens a database of a test file's own for its tests, and ends it after them. @param opened is told before the first test */
export function useTestOrm(poolSize: number, opened: (orm: Orm) => void): void {
  let database: TestDatabase;
  let orm: Orm;
  beforeAll(async () => {
    database = await createTestDatabase();
    orm = await createOrm({ DATABASE_URL: database.url, DATABASE_POOL_SIZE: poolSize });
    opened(orm);
  });
  afterAll(async () => {
    await orm.close();
    await database.drop();
  });
}
