import { randomUUID } from 'node:crypto';
import { inject } from 'vitest';
import { queryOnce } from '../cli/stack/postgres.ts';

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
