import type { Readable } from 'node:stream';
import { type RawBuilder, sql } from 'kysely';
import { to as copyTo } from 'pg-copy-streams';
import { dbOf, type Orm } from './orm.ts';

/**
 * Streams the rows of a query as CSV without a header, as fast as PostgreSQL writes them and as slow as `consume` reads.
 * An abort cancels the query in the database.
 * @returns how many rows were sent, and what `consume` made of them
 */
export async function copyOut<Result>(
  orm: Orm,
  rows: RawBuilder<unknown>,
  signal: AbortSignal,
  consume: (csv: Readable) => Promise<Result>,
): Promise<{ rowCount: number; result: Result }> {
  const em = orm.em.fork();
  const { sql: text } = sql`COPY (${rows}) TO STDOUT (FORMAT csv, ENCODING 'UTF8')`.compile(dbOf(em));
  const pool = await orm.em.getConnection().getNativeClient();
  const client = await pool.connect();
  const { rows: found } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const cancel = () => {
    pool.query('SELECT pg_cancel_backend($1)', [found[0]?.pid]).catch(() => {
      // The connection is closed below in any case; the database then ends the query by itself.
    });
  };
  signal.addEventListener('abort', cancel, { once: true });
  let clean = false;
  try {
    signal.throwIfAborted();
    const csv = client.query(copyTo(text));
    const result = await consume(csv);
    clean = true;
    return { rowCount: csv.rowCount, result };
  } finally {
    signal.removeEventListener('abort', cancel);
    // A connection in the middle of a COPY is of no use to the next one.
    client.release(!clean);
  }
}
