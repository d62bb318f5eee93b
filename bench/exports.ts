import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { sql } from 'kysely';
import { dbOf } from '../shared/db/orm.ts';
import { DEFAULT_USAGE_COUNTERS } from '../shared/domain/usage-counters.ts';
import { csvCell } from '../shared/reports/kinds/cells.ts';
import { reportKind } from '../shared/reports/kinds/index.ts';
import { type Figure, interleaved, memoryMb, resetPeakMemory, seconds } from './measure.ts';
import { fillExecutions, type Scene } from './scene.ts';

const run = promisify(execFile);

/** The statement of a report of all executions as one SELECT, for `psql \copy`. */
function wholeSelect(scene: Scene, orgId: string): string {
  const now = Date.now();
  const range = { lowerAt: '2000-01-01T00:00:00Z', lowerId: '', upperAt: '2100-01-01T00:00:00Z', upperId: '' };
  const report = {
    orgId,
    startInclusive: new Date(now - 100 * 86_400_000),
    endExclusive: new Date(now + 86_400_000),
    timeZone: 'UTC',
    cutoff: '2100-01-01T00:00:00Z',
    parameters: {},
    counters: DEFAULT_USAGE_COUNTERS,
  };
  const rows = reportKind('executions').rows(report, range, csvCell);
  return sql`${rows}`.compile(dbOf(scene.orm.em.fork())).sql.replaceAll(/\s+/g, ' ');
}

export interface ExportFigures {
  figures: Figure[];
  notes: Record<string, string>;
}

/** Measures CSV against `\copy`, JSON against CSV, XLSX against a plain exceljs loop, and their memory. */
export async function benchExports(
  scene: Scene,
  rows: number,
  xlsxRows: number,
  rounds: number,
): Promise<ExportFigures> {
  const { worker } = scene.stack.dev.pids;
  const key = await scene.newOrganisation('exports');
  await fillExecutions(scene, 'exports', rows);
  const small = await scene.newOrganisation('workbooks');
  await fillExecutions(scene, 'workbooks', xlsxRows);
  const file = join(scene.folder, 'reference');
  const parameters = { days: 100 };
  const report = async (format: string, by: string, wanted: number) => {
    const made = await scene.report(by, { name: format, report_type: 'executions', format, parameters });
    if (made.rows !== wanted) throw new Error(`${made.rows} rows of ${wanted}`);
    return made.seconds;
  };
  const notes: Record<string, string> = {};
  const peakOf = async (name: string, work: () => Promise<unknown>) => {
    const idle = memoryMb(worker).now;
    resetPeakMemory(worker);
    await work();
    const { peak } = memoryMb(worker);
    notes[`worker memory, ${name}`] = `${peak.toFixed(0)} MB peak, ${(peak - idle).toFixed(0)} MB above idle`;
    process.stdout.write(`  ${name}: ${idle.toFixed(0)} MB idle, ${peak.toFixed(0)} MB peak\n`);
  };

  // First, on an idle worker: a process does not return memory that it used once.
  await peakOf(`CSV of ${rows} rows`, () => report('csv', key, rows));
  await peakOf(`JSON of ${rows} rows`, () => report('json', key, rows));
  await peakOf(`XLSX of ${xlsxRows} rows`, () => report('xlsx', small, xlsxRows));

  const copy = `\\copy (${wholeSelect(scene, 'exports')}) TO '${file}.csv' (FORMAT csv)`;
  const csv = await interleaved(
    {
      name: `CSV of ${rows} executions`,
      unit: 's',
      limitName: 'psql \\copy of the same SELECT',
      goal: 1.2,
      moreIsBetter: false,
    },
    rounds,
    () => report('csv', key, rows),
    () => seconds(() => scene.psql(copy)),
  );
  const json = await interleaved(
    { name: `JSON of ${rows} executions`, unit: 's', limitName: 'the CSV', goal: 1.5, moreIsBetter: false },
    rounds,
    () => report('json', key, rows),
    () => report('csv', key, rows),
  );
  const bare = fileURLToPath(new URL('./bare-exceljs.ts', import.meta.url));
  const xlsx = await interleaved(
    {
      name: `XLSX of ${xlsxRows} executions`,
      unit: 's',
      limitName: 'plain exceljs over a cursor',
      goal: 1.25,
      moreIsBetter: false,
    },
    rounds,
    () => report('xlsx', small, xlsxRows),
    () => seconds(() => run(process.execPath, [bare, scene.stack.dev.database_url, 'workbooks', `${file}.xlsx`])),
  );
  await rm(`${file}.csv`, { force: true });
  await rm(`${file}.xlsx`, { force: true });
  return { figures: [csv, json, xlsx], notes };
}
