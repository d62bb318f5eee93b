import type { Readable } from 'node:stream';
import { type RawBuilder, sql } from 'kysely';
import type { PoolClient } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { withLiterals } from './literals.ts';
import { dbOf, type Orm } from './orm.ts';

/**
 * `csv`: the columns as CSV without a header. `lines`: one JSON column, one value per line, unquoted; a column of nulls
 * before it prefixes each line with the character 2.
 */
export type CopyFormat = 'csv' | 'lines';

const copyOptions: Record<CopyFormat, RawBuilder<unknown>> = {
  csv: sql`FORMAT csv`,
  // JSON escapes these characters and line feeds, so no value is quoted.
  lines: sql`FORMAT csv, DELIMITER E'\\x02', QUOTE E'\\x01'`,
};

/**
 * Streams the rows of a query, with back-pressure from `consume`. An abort cancels the query in the database.
 * @param snapshot reads the snapshot of another open transaction (`exportSnapshot`)
 * @returns the number of rows and the result of `consume`
 */
export async function copyOut<Result>(
  orm: Orm,
  rows: RawBuilder<unknown>,
  format: CopyFormat,
  signal: AbortSignal,
  consume: (bytes: Readable) => Promise<Result>,
  snapshot?: string,
): Promise<{ rowCount: number; result: Result }> {
  const em = orm.em.fork();
  const { sql: text } = sql`COPY (${withLiterals(rows)}) TO STDOUT (${copyOptions[format]}, ENCODING 'UTF8')`.compile(
    dbOf(em),
  );
  const pool = await orm.em.getConnection().getNativeClient();
  const client = await pool.connect();
  let clean = false;
  let cancel = () => {};
  try {
    const { rows: found } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    cancel = () => {
      pool.query('SELECT pg_cancel_backend($1)', [found[0]?.pid]).catch(() => {
        // The connection is closed below, which ends the query too.
      });
    };
    signal.addEventListener('abort', cancel, { once: true });
    if (snapshot !== undefined) await enterSnapshot(client, snapshot);
    signal.throwIfAborted();
    const copy = client.query(copyTo(text));
    // The connection may be lost before `consume` listens; an unhandled error would end the process.
    copy.on('error', (error) => copy.destroy(error));
    const result = await consume(copy);
    if (snapshot !== undefined) await client.query('COMMIT');
    clean = true;
    return { rowCount: copy.rowCount, result };
  } finally {
    signal.removeEventListener('abort', cancel);
    // A connection in the middle of a COPY cannot be reused.
    client.release(!clean);
  }
}

async function enterSnapshot(client: PoolClient, snapshot: string): Promise<void> {
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  // The statement takes no parameters.
  await client.query(`SET TRANSACTION SNAPSHOT ${client.escapeLiteral(snapshot)}`);
}
