import type { Pool, PoolClient } from 'pg';

/**
 * Returns connections to their pool that are lost while checked out. Kysely 0.29 returns the connection of a transaction
 * only after `COMMIT` or `ROLLBACK` succeeded. On a lost connection both fail, so each transaction cut off by a database
 * crash would occupy a place in the pool until the process ends.
 */
export function releaseLostConnections(pool: Pool): void {
  pool.on('acquire', (client) => client.once('end', release));
  pool.on('release', (_error, client) => client.off('end', release));
}

function release(this: PoolClient): void {
  this.release(true);
  // Its holder may release it once more, which would throw.
  this.release = () => undefined;
}
