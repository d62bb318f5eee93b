import type { Pool, PoolClient } from 'pg';

/**
 * Gives connections that are lost while somebody has them back to their pool. Kysely 0.29 gives back the connection of a
 * transaction once `COMMIT` or `ROLLBACK` succeeded, which on a lost one neither does: every transaction that a database's
 * death cuts off would take a place of the pool for ever, until no request gets any.
 */
export function giveBackLostConnections(pool: Pool): void {
  pool.on('acquire', (client) => client.once('end', giveBack));
  pool.on('release', (_error, client) => client.off('end', giveBack));
}

function giveBack(this: PoolClient): void {
  this.release(true);
  // Who has it may find out later and give it back too.
  this.release = () => undefined;
}
