import { ListMultipartUploadsCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createS3Place, type S3Place } from '../../../shared/storage/s3-place.ts';
import { reportFolder } from '../../../shared/storage/storage.ts';
import { newBucket } from '../../storage/places.ts';
import { FINISHED_MONTH } from '../base-data.ts';
import { holdReport, installGates } from '../hold.ts';
import { kill9 } from '../kill.ts';
import { countFinishedMonth, fillFinishedMonth } from '../many-rows.ts';
import { openReports, type ReportResult, requestReport, resultOf } from '../report.ts';
import { ORG, openScene, type Scene } from '../scene.ts';
import { openSlowS3, type SlowS3 } from '../slow-s3.ts';
import { workflowOf } from '../stage.ts';

/** The worker is killed in the middle of reports whose files lie in a bucket. */

const COMPLETED_WITHIN_MS = 120_000;
const PREFIX = 'some/where';
/** A file of so many rows goes up in several pieces of 8 MB; the smallest report parts would take minutes. */
const ROWS = 60_000;
const PART_ROWS = 3_000;
const request = (name: string) => ({ name, report_type: 'executions', parameters: FINISHED_MONTH });

// On a machine that is busy with other tests too, a stack takes its time to come back.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

let scene: Scene;
let s3: SlowS3;
let place: S3Place;
let undisturbed: ReportResult;

beforeAll(async () => {
  const config = { ...(await newBucket()), S3_PREFIX: PREFIX };
  // Looked at from behind: no way is blocked there.
  place = createS3Place(config);
  s3 = await openSlowS3(config.S3_ENDPOINT ?? '');
  scene = await openScene({
    REPORT_PART_ROWS: String(PART_ROWS),
    REPORT_PARALLEL_PARTS: '2',
    S3_BUCKET: config.S3_BUCKET,
    S3_ENDPOINT: s3.endpoint,
    S3_PREFIX: PREFIX,
    S3_ACCESS_KEY_ID: config.S3_ACCESS_KEY_ID ?? '',
    S3_SECRET_ACCESS_KEY: config.S3_SECRET_ACCESS_KEY ?? '',
    S3_FORCE_PATH_STYLE: 'true',
  });
  await fillFinishedMonth(scene, ROWS);
  await installGates(scene);
  const id = await requestReport(scene.admin, request('undisturbed'), 'undisturbed');
  undisturbed = await resultIn(id);
  expect(undisturbed.rows).toBe(await countFinishedMonth(scene));
});

afterAll(async () => {
  await scene?.close();
  s3?.close();
  place?.client.destroy();
});

test('the worker is killed in the middle of a part, and of a file of which a piece is on its way', async () => {
  const part = await holdReport(scene, 'in parts', 'part-7');
  const inParts = await requestReport(scene.admin, request('in parts'), 'in-parts');
  await part.reached();
  const piece = s3.block(/^PUT .*[?&]partNumber=2&/);
  const inPieces = await requestReport(scene.admin, request('in pieces'), 'in-pieces');
  await piece.reached();
  expect(await contents(inPieces)).toMatchObject({ uploads: 1 });
  expect((await contents(inParts)).objects).toContain('parts/00007.part');

  await kill9(scene.stack, 'worker');
  piece.release();
  await part.undo();
  for (const id of [inParts, inPieces]) expect(await resultIn(id)).toEqual(undisturbed);
  expect(await openReports(scene)).toEqual([]);
  for (const id of [inParts, inPieces]) {
    // A report is a client's before its parts are removed.
    await workflowOf(scene, id).result();
    expect(await contents(id)).toEqual({ objects: [expect.stringMatching(/^[\w-]+\.csv$/)], uploads: 0 });
  }
  expect(scene.deaths.filter((line) => !line.includes('(SIGKILL'))).toEqual([]);
});

async function resultIn(id: string): Promise<ReportResult> {
  const { sha256, rows } = await resultOf(scene.admin, id, COMPLETED_WITHIN_MS);
  return { sha256, rows };
}

/** What the bucket holds of a report: objects by their names in its folder, and unfinished uploads. */
async function contents(id: string): Promise<{ objects: string[]; uploads: number }> {
  const { client, bucket: Bucket, prefix } = place;
  const Prefix = `${prefix}${reportFolder(ORG, id)}/`;
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket, Prefix }));
  const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket, Prefix }));
  return { objects: Contents.map(({ Key = '' }) => Key.slice(Prefix.length)), uploads: Uploads.length };
}
