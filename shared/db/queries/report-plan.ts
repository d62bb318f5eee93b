import { sql } from 'kysely';
import type { Report } from '../entities/report.ts';
import { type Db, dbOf, type Entities } from '../orm.ts';
import { takeCutoff } from './cutoff.ts';
import type { KeyRange, ReportScope, ReportSource } from './report-sources/source.ts';

/** More parts would make the workflow's history long for little gain. */
const MAX_PARTS = 500;

/** A wait for a long count ends with its activity: the query is cancelled in the database too. */
interface Cancellable {
  signal: AbortSignal;
}

export interface PlannedPart extends KeyRange {
  part: number;
  rowsPlanned: number;
}

/**
 * The rows that a report holds, fixed by a cut-off that is taken once, however often the plan is made.
 * @throws Error where the report is gone
 */
export async function reportScope(em: Entities, report: Report): Promise<ReportScope> {
  const cutoff = (await readCutoff(dbOf(em), report)) ?? (await fixCutoff(em, report));
  return {
    orgId: report.orgId,
    startInclusive: report.rangeStart,
    endExclusive: report.rangeEnd,
    timeZone: report.timeZone,
    cutoff,
    parameters: report.parameters,
  };
}

async function readCutoff(db: Db, { orgId, id }: Report): Promise<string | null> {
  const { rows } = await sql<{ cutoff: string | null }>`
    SELECT cutoff::text FROM reports WHERE org_id = ${orgId} AND id = ${id}`.execute(db);
  return rows[0]?.cutoff ?? null;
}

async function fixCutoff(em: Entities, report: Report): Promise<string> {
  const taken = await em.transactional((inner) => takeCutoff(dbOf(inner), report.orgId));
  await sql`UPDATE reports SET cutoff = ${taken}::timestamptz WHERE org_id = ${report.orgId} AND id = ${report.id} AND cutoff IS NULL`.execute(
    dbOf(em),
  );
  const cutoff = await readCutoff(dbOf(em), report);
  if (cutoff === null) throw new Error(`Report ${report.id} is gone`);
  return cutoff;
}

/** Splits a report's rows into key ranges of about equal rows, at most 500. An empty report has no part. */
export async function planParts(
  db: Db,
  source: ReportSource,
  scope: ReportScope,
  rowsPerPart: number,
  { signal }: Cancellable,
): Promise<PlannedPart[]> {
  const abort = { signal, inflightQueryAbortStrategy: 'cancel query' } as const;
  const counted = await sql<{ count: string }>`SELECT count(*) AS count FROM (${source.keys(scope)}) k`.execute(
    db,
    abort,
  );
  const rowsTotal = Number(counted.rows[0]?.count ?? 0);
  if (rowsTotal === 0) return [];
  const size = Math.max(rowsPerPart, Math.ceil(rowsTotal / MAX_PARTS));
  const begin = { at: scope.startInclusive.toISOString(), id: '' };
  const starts = [begin];
  if (rowsTotal > size) {
    const { rows } = await sql<{ at: string; id: string }>`
      SELECT at, id FROM (SELECT at, id, row_number() OVER (ORDER BY at, id) - 1 AS n FROM (${source.keys(scope)}) k) numbered
      WHERE n > 0 AND n % ${size} = 0 ORDER BY n`.execute(db, abort);
    starts.push(...rows);
  }
  const end = { at: scope.endExclusive.toISOString(), id: '' };
  return starts.map((lower, part) => {
    const upper = starts[part + 1] ?? end;
    const isLast = part === starts.length - 1;
    return {
      part,
      lowerAt: lower.at,
      lowerId: lower.id,
      upperAt: upper.at,
      upperId: upper.id,
      rowsPlanned: isLast ? rowsTotal - size * part : size,
    };
  });
}

/** Keeps a plan; a plan that is kept already stands. @returns the plan in force */
export async function keepPlan(
  em: Entities,
  report: Report,
  parts: readonly PlannedPart[],
): Promise<{ rowsTotal: number; partsTotal: number }> {
  return em.transactional(async (inner) => {
    const db = dbOf(inner);
    // Two attempts at the plan take turns on the report's row.
    const { rows } = await sql<{ rows_total: string | null; parts_total: number | null }>`
      SELECT rows_total, parts_total FROM reports WHERE org_id = ${report.orgId} AND id = ${report.id} FOR UPDATE`.execute(
      db,
    );
    const kept = rows[0];
    if (!kept) throw new Error(`Report ${report.id} is gone`);
    if (kept.rows_total !== null && kept.parts_total !== null) {
      return { rowsTotal: Number(kept.rows_total), partsTotal: kept.parts_total };
    }
    const rowsTotal = parts.reduce((sum, { rowsPlanned }) => sum + rowsPlanned, 0);
    if (parts.length > 0) {
      const values = parts.map((part) => ({
        org_id: report.orgId,
        report_id: report.id,
        part: part.part,
        lower_at: part.lowerAt,
        lower_id: part.lowerId,
        upper_at: part.upperAt,
        upper_id: part.upperId,
        rows_planned: part.rowsPlanned,
      }));
      await db.insertInto('report_parts').values(values).execute();
    }
    await sql`UPDATE reports SET rows_total = ${rowsTotal}, parts_total = ${parts.length}, phase = 'writing'
      WHERE org_id = ${report.orgId} AND id = ${report.id}`.execute(db);
    return { rowsTotal, partsTotal: parts.length };
  });
}
