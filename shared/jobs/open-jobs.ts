import { sql } from 'kysely';
import type { Db } from '../db/orm.ts';
import type { JobRef } from './job-kind.ts';
import { OPEN_STATUSES } from './states.ts';

export interface OpenJobsQuery {
  table: string;
  createdBefore: Date;
  /** The last job of the page before; null for the first page. */
  after: JobRef | null;
  limit: number;
}

/** A page of the open jobs of one kind, ordered by organisation and id. */
export async function listOpenJobs(db: Db, { table, createdBefore, after, limit }: OpenJobsQuery): Promise<JobRef[]> {
  const { rows } = await sql<JobRef>`
    SELECT org_id AS "orgId", id FROM ${sql.table(table)}
    WHERE status IN (${sql.join(OPEN_STATUSES)}) AND created_at < ${createdBefore}::timestamptz
      ${after === null ? sql`` : sql`AND (org_id, id) > (${after.orgId}, ${after.id}::uuid)`}
    ORDER BY org_id, id LIMIT ${limit}`.execute(db);
  return rows;
}
