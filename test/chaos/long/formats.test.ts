import { createReadStream } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import readXlsxFile from 'read-excel-file/node';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { sendFinishedMonth } from '../base-data.ts';
import { holdImport, holdReport, installGates } from '../hold.ts';
import { IMPORTED_TYPE, type ImportFile, importInto, writeImportFile } from '../import-file.ts';
import { kill9 } from '../kill.ts';
import { openReports, type ReportRequest, type ReportResult, requestReport, resultOf, strayFiles } from '../report.ts';
import { REQUESTS } from '../requests.ts';
import { ORG, openScene, type Scene } from '../scene.ts';
import { assembleSlowly } from '../slow-part.ts';
import { workflowOf } from '../stage.ts';
import { zipEntries } from '../zip.ts';

/** The worker is killed in the middle of what is not CSV: workbooks, JSON documents, imports. */

const COMPLETED_WITHIN_MS = 120_000;
const LINES = 30_000;

// On a machine that is busy with other tests too, a stack takes its time to come back.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

let scene: Scene;
let file: ImportFile;
let undisturbed: { xlsx: Result; json: Result };

type Result = ReportResult & { content: Buffer };

const requestFor = (format: 'xlsx' | 'json', name: string): ReportRequest => ({ ...REQUESTS.events, format, name });
const resultFor = (id: string) => resultOf(scene.admin, id, COMPLETED_WITHIN_MS, { withContent: true });

beforeAll(async () => {
  scene = await openScene({ REPORT_PART_ROWS: '100', REPORT_PARALLEL_PARTS: '2' });
  await sendFinishedMonth(scene, 5_000);
  await installGates(scene);
  file = writeImportFile(dirname(scene.storage), LINES);
  const [xlsx, json] = await Promise.all(
    (['xlsx', 'json'] as const).map(async (format) =>
      resultFor(await requestReport(scene.admin, requestFor(format, 'undisturbed'), `undisturbed-${format}`)),
    ),
  );
  if (xlsx && json) undisturbed = { xlsx, json };
});

afterAll(() => scene?.close());

test('undisturbed, a workbook and a JSON document hold the facts of their range', async () => {
  const { start_date, end_date } = REQUESTS.events.parameters;
  const stored = await scene.rows(
    z.object({ id: z.string() }),
    `SELECT event_id AS id FROM events WHERE org_id = $1 AND occurred_at >= $2 AND occurred_at < $3
     ORDER BY occurred_at, event_id`,
    [ORG, start_date, end_date],
  );
  const ids = stored.map(({ id }) => id);
  expect(ids.length).toBeGreaterThan(1_000);
  const [sheet] = await readXlsxFile(undisturbed.xlsx.content);
  expect(sheet?.data.slice(1).map(([id]) => id)).toEqual(ids);
  const documents = z.array(z.object({ event_id: z.string() })).parse(JSON.parse(String(undisturbed.json.content)));
  expect(documents.map((document) => document.event_id)).toEqual(ids);
});

test('the worker is killed in the middle of workbooks, a JSON document and an import', async () => {
  const part = await holdReport(scene, 'workbook in parts', 'part-7');
  const inParts = await requestReport(scene.admin, requestFor('xlsx', 'workbook in parts'), 'in-parts');
  await part.reached();
  const workbook = await assembleSlowly(scene, requestFor('xlsx', 'workbook'), 'workbook');
  const document = await assembleSlowly(scene, requestFor('json', 'document'), 'document');
  // Of the worker's four hands three are held by now.
  const never = await holdImport(scene, file.name, 10_000);
  const importing = importInto(scene, file);
  importing.catch(() => undefined);
  await never.reached();
  const unheard = await holdImport(scene, file.name, 20_000);

  await kill9(scene.stack, 'worker');
  for (const assembly of [workbook, document]) {
    assembly.stop();
    assembly.giveBack();
  }
  // The part's file is there and nobody knows; the import's chunk is not there.
  await part.undo();
  await never.undo();
  await expectWorkbookAsUndisturbed(workbook.id);
  await expectWorkbookAsUndisturbed(inParts);
  const { sha256, rows } = await resultFor(document.id);
  await workflowOf(scene, document.id).result();
  expect({ sha256, rows }).toEqual({ sha256: undisturbed.json.sha256, rows: undisturbed.json.rows });

  // An import that has failed is not waited for.
  await Promise.race([unheard.reached(), importing]);
  await kill9(scene.stack, 'worker');
  // The chunk is stored, and nobody has heard of it.
  await unheard.release();
  const { row } = await importing;
  expect(row).toMatchObject({ status: 'completed', counts: file.counts, position: { line: LINES } });
  await expectImportedOnce(row.rejects_key ?? '');
});

test('nothing is left open, and storage holds the files of reports and no others', async () => {
  expect(await openReports(scene)).toEqual([]);
  expect(await strayFiles(scene)).toEqual([]);
  expect(scene.deaths.filter((line) => !line.includes('(SIGKILL'))).toEqual([]);
});

/** Entry by entry, and with them cell by cell: zip files of equal content differ by their times. */
async function expectWorkbookAsUndisturbed(id: string): Promise<void> {
  const { content, rows } = await resultFor(id);
  // A report is a client's before its parts are removed.
  await workflowOf(scene, id).result();
  expect(rows).toBe(undisturbed.xlsx.rows);
  const [found, expected] = [zipEntries(content), zipEntries(undisturbed.xlsx.content)];
  expect([...found.keys()]).toEqual([...expected.keys()]);
  // By name: a sheet that differs would be printed as a whole.
  expect([...expected.keys()].filter((name) => found.get(name) !== expected.get(name))).toEqual([]);
}

async function expectImportedOnce(rejectsKey: string): Promise<void> {
  const { accepted, duplicates, rejected } = file.counts;
  expect(accepted + duplicates + rejected).toBe(LINES);
  const stored = await scene.rows(
    z.object({ rows: z.number(), ids: z.number(), sum: z.number() }),
    `SELECT count(*)::int AS rows, count(DISTINCT event_id)::int AS ids, sum(duration_ms)::float8 AS sum
     FROM events WHERE org_id = $1 AND event_type = $2`,
    [ORG, IMPORTED_TYPE],
  );
  expect(stored).toEqual([{ rows: accepted, ids: accepted, sum: file.sumMs }]);
  const lines: number[] = [];
  for await (const line of createInterface(createReadStream(join(scene.storage, rejectsKey)))) {
    lines.push(z.object({ line: z.number() }).parse(JSON.parse(line)).line);
  }
  expect(lines).toEqual(file.rejectedLines);
}
