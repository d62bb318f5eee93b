import { sql } from 'kysely';
import type { Report, ReportSettings } from '../db/entities/report.ts';
import { type Db, dbOf, type Entities } from '../db/orm.ts';
import { inTransaction } from '../db/transaction.ts';
import { usageCounters } from '../domain/usage-counters.ts';
import { takeCutoff } from '../telemetry/cutoff.ts';
import type { KeyRange, ReportKind, ReportScope } from './kinds/kind.ts';

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
  const { cutoff, counters } = (await readFixed(dbOf(em), report)) ?? (await fixRows(em, report));
  return {
    orgId: report.orgId,
    startInclusive: report.rangeStart,
    endExclusive: report.rangeEnd,
    timeZone: report.timeZone,
    cutoff,
    parameters: report.parameters,
    counters,
  };
}

/** What is fixed once: which rows there are, and what their counts mean. */
type Fixed = Pick<ReportScope, 'cutoff' | 'counters'>;

async function readFixed(db: Db, { orgId, id }: Report): Promise<Fixed | null> {
  const { rows } = await sql<{ cutoff: string | null; settings: ReportSettings | null }>`
    SELECT cutoff::text, settings FROM reports WHERE org_id = ${orgId} AND id = ${id}`.execute(db);
  const found = rows[0];
  if (!found || found.cutoff === null) return null;
  return { cutoff: found.cutoff, counters: usageCounters(found.settings?.usageCounters ?? {}) };
}

async function fixRows(em: Entities, report: Report): Promise<Fixed> {
  const { orgId, id } = report;
  const taken = await inTransaction(em, (trx) => takeCutoff(trx, orgId));
  await sql`UPDATE reports SET cutoff = ${taken}::timestamptz,
      settings = (SELECT jsonb_build_object('usageCounters', o.usage_counters)
        FROM organisations o WHERE o.org_id = ${orgId})
    WHERE org_id = ${orgId} AND id = ${id} AND cutoff IS NULL`.execute(dbOf(em));
  const fixed = await readFixed(dbOf(em), report);
  if (fixed === null) throw new Error(`Report ${id} is gone`);
  return fixed;
}

/**
 * Splits a report's rows into key ranges of about equal rows, at most 500. An empty report has no part.
 * One ordered pass gives both the boundaries and, by the row that none follows, the total.
 */
export async function planParts(
  db: Db,
  kind: ReportKind,
  scope: ReportScope,
  rowsPerPart: number,
  { signal }: Cancellable,
): Promise<PlannedPart[]> {
  const { rows } = await sql<{ at: string; id: string; row: string; is_last: boolean }>`
    SELECT at, id, n AS row, is_last FROM (
      SELECT at, id, row_number() OVER (ORDER BY at, id) AS n, lead(id) OVER (ORDER BY at, id) IS NULL AS is_last
      FROM (${kind.keys(scope)}) k) numbered
    WHERE is_last OR n % ${rowsPerPart} = 1 OR ${rowsPerPart} = 1 ORDER BY n`.execute(db, {
    signal,
    inflightQueryAbortStrategy: 'cancel query',
  });
  const last = rows.at(-1);
  if (!last) return [];
  const rowsTotal = Number(last.row);
  const size = rowsPerPart * Math.ceil(rowsTotal / rowsPerPart / MAX_PARTS);
  const starts = rows.filter(({ row }) => size === 1 || Number(row) % size === 1);
  // The first part begins with the range, the last one ends with it.
  const begin = { at: scope.startInclusive.toISOString(), id: '' };
  const end = { at: scope.endExclusive.toISOString(), id: '' };
  return starts.map((first, part) => {
    const lower = part === 0 ? begin : first;
    const upper = starts[part + 1] ?? end;
    return {
      part,
      lowerAt: lower.at,
      lowerId: lower.id,
      upperAt: upper.at,
      upperId: upper.id,
      rowsPlanned: Math.min(size, rowsTotal - size * part),
    };
  });
}

/** Keeps a plan; a plan that is kept already stands. @returns the plan in force */
export async function keepPlan(
  em: Entities,
  report: Report,
  parts: readonly PlannedPart[],
): Promise<{ rowsTotal: number; partsTotal: number }> {
  return inTransaction(em, async (db) => {
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
