import type { Readable } from 'node:stream';
import { type RawBuilder, sql } from 'kysely';
import { to as copyTo } from 'pg-copy-streams';
import { dbOf, type Orm } from './orm.ts';

/**
 * `csv`: the columns as CSV without a header. `lines`: one column of JSON, a line each, as it is; a column of nulls before
 * it puts the character 2 before each line.
 */
export type CopyFormat = 'csv' | 'lines';

const copyOptions: Record<CopyFormat, RawBuilder<unknown>> = {
  csv: sql`FORMAT csv`,
  // JSON holds neither of these signs nor a line feed unescaped, so nothing is ever quoted.
  lines: sql`FORMAT csv, DELIMITER E'\\x02', QUOTE E'\\x01'`,
};

/**
 * Streams the rows of a query as fast as PostgreSQL writes them and as slow as `consume` reads.
 * An abort cancels the query in the database.
 * @returns how many rows were sent, and what `consume` made of them
 */
export async function copyOut<Result>(
  orm: Orm,
  rows: RawBuilder<unknown>,
  format: CopyFormat,
  signal: AbortSignal,
  consume: (bytes: Readable) => Promise<Result>,
): Promise<{ rowCount: number; result: Result }> {
  const em = orm.em.fork();
  const { sql: text } = sql`COPY (${rows}) TO STDOUT (${copyOptions[format]}, ENCODING 'UTF8')`.compile(dbOf(em));
  const pool = await orm.em.getConnection().getNativeClient();
  const client = await pool.connect();
  let clean = false;
  let cancel = () => {};
  try {
    const { rows: found } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    cancel = () => {
      pool.query('SELECT pg_cancel_backend($1)', [found[0]?.pid]).catch(() => {
        // The connection is closed below in any case; the database then ends the query by itself.
      });
    };
    signal.addEventListener('abort', cancel, { once: true });
    signal.throwIfAborted();
    const copy = client.query(copyTo(text));
    // The connection may be lost before `consume` listens: the stream then waits for it, broken, rather than end the process.
    copy.on('error', (error) => copy.destroy(error));
    const result = await consume(copy);
    clean = true;
    return { rowCount: copy.rowCount, result };
  } finally {
    signal.removeEventListener('abort', cancel);
    // A connection in the middle of a COPY is of no use to the next one.
    client.release(!clean);
  }
}
