import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { queryOnce } from '../../cli/stack/postgres.ts';
import { createOrm, dbOf, type Orm } from '../../shared/db/orm.ts';
import { createTestDatabase } from '../database.ts';

const POOL_SIZE = 2;

/** Ends the session that a transaction has, from outside, as a killed server does. */
async function endSession(url: string, pid: number): Promise<void> {
  await queryOnce(url, 'SELECT pg_terminate_backend($1, 5000)', [pid]);
}

async function pidOf(orm: Orm, work: (pid: number) => Promise<void>): Promise<void> {
  await orm.em.fork().transactional(async (em) => {
    const { rows } = await sql<{ pid: number }>`SELECT pg_backend_pid() AS pid`.execute(dbOf(em));
    await work(rows[0]?.pid ?? 0);
  });
}

it('releases any number of connections that were lost within transactions', {
  timeout: 60_000,
}, async () => {
  const database = await createTestDatabase();
  const orm = await createOrm({ DATABASE_URL: database.url, DATABASE_POOL_SIZE: POOL_SIZE });
  try {
    for (let n = 0; n < 3 * POOL_SIZE; n += 1) {
      const lost = pidOf(orm, (pid) => endSession(database.url, pid));
      await expect(lost).rejects.toThrow(/terminated|not queryable/);
    }
    const whole = Array.from({ length: POOL_SIZE }, () => pidOf(orm, async (pid) => expect(pid).toBeGreaterThan(0)));
    await Promise.all(whole);
  } finally {
    await orm.close();
    await database.drop();
  }
});
