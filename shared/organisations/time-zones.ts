import { sql } from 'kysely';
import type { Db } from '../db/orm.ts';

/** Returns whether PostgreSQL, which computes local days, knows this IANA time zone name, current or historical. */
export async function isTimeZone(db: Db, name: string): Promise<boolean> {
  const { rows } = await sql`
    SELECT FROM pg_timezone_names WHERE name = ${name} AND name !~ '^(posix|right)/'`.execute(db);
  return rows.length > 0;
}
