import { Context } from '@temporalio/activity';
import { sql } from 'kysely';
import { copyOut } from '../../shared/db/copy-out.ts';
import type { Report } from '../../shared/db/entities/report.ts';
import { type Db, dbOf, type Orm } from '../../shared/db/orm.ts';
import { hasRowFilters } from '../../shared/domain/report-parameters.ts';
import { reportKind } from '../../shared/reports/kinds/index.ts';
import type { ReportKind, ReportScope } from '../../shared/reports/kinds/kind.ts';
import { finishPart, type ReportPart, readPart } from '../../shared/reports/parts.ts';
import { reportScope } from '../../shared/reports/plan.ts';
import { reportPartKey, type Storage } from '../../shared/storage/storage.ts';
import { permanent } from '../failures.ts';
import { beating } from '../heartbeat.ts';
import { reportFormat } from './formats/index.ts';

/**
 * Streams one part of a report from PostgreSQL to its own file, under a name that is the same for every attempt. A part
 * that is there already is left.
 * @returns its rows
 */
export async function writePart(orm: Orm, storage: Storage, report: Report, part: number): Promise<number> {
  const em = orm.em.fork();
  const db = dbOf(em);
  const ref = { orgId: report.orgId, reportId: report.id };
  const planned = await readPart(db, ref, part);
  if (!planned) throw permanent('PLAN_GONE', `Report ${report.id} has no part ${part}`);
  const key = reportPartKey(report.orgId, report.id, part);
  if (planned.rowsWritten !== null && (await storage.size(key)) === planned.sizeBytes) return planned.rowsWritten;

  const kind = reportKind(report.reportType);
  const format = reportFormat(report.format);
  const scope = await reportScope(em, report);
  const signal = Context.current().cancellationSignal;
  let lines = 0;
  const onChunk = (chunk: Buffer) => {
    lines += linesIn(chunk);
  };
  return beating(
    // Lines inside quoted text count too: a heartbeat need not be exact.
    () => ({ rows: Math.min(lines, planned.rowsPlanned) }),
    async () => {
      const { rowCount, result } = await copyOut(
        orm,
        format.partRows(kind, scope, planned),
        format.copyAs,
        signal,
        (bytes) => storage.write(key, bytes, { signal, onChunk }),
      );
      await requirePlanned(db, kind, scope, planned, rowCount);
      await finishPart(db, ref, part, { rows: rowCount, sizeBytes: result.sizeBytes });
      return rowCount;
    },
  );
}

/** What the cut-off does not fix may differ by the rows that changed since, and by no other. */
async function requirePlanned(
  db: Db,
  kind: ReportKind,
  scope: ReportScope,
  planned: ReportPart,
  rows: number,
): Promise<void> {
  if (rows === planned.rowsPlanned) return;
  if (hasRowFilters(scope.parameters) || !kind.isFixedByCutoff) {
    const changed = await sql<{ count: string }>`${kind.changedRows(scope, planned)}`.execute(db);
    if (Math.abs(rows - planned.rowsPlanned) <= Number(changed.rows[0]?.count ?? 0)) return;
  }
  throw permanent(
    'ROWS_CHANGED',
    `${rows} rows were read where ${planned.rowsPlanned} were planned: rows were removed while the report ran. Request it again.`,
  );
}

function linesIn(chunk: Buffer): number {
  let lines = 0;
  for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) lines += 1;
  return lines;
}
