import { z } from 'zod';
import { JOB_STATUSES } from '../../../shared/contracts/jobs.ts';
import { REPORT_PHASES } from '../../../shared/contracts/reports.ts';
import { rangeSchema } from '../../http/answers.ts';
import type { AnswerDescription } from '../../route.ts';
import { moment } from '../telemetry/stored-schema.ts';

const count = () => z.number().int().min(0);

/** A report as answers show it (present.ts). */
export const reportSchema = z
  .object({
    id: z.uuid(),
    name: z.string(),
    report_type: z.string(),
    format: z.string(),
    status: z.enum(JOB_STATUSES),
    progress: z.number().int().min(0).max(100).meta({ description: 'Percent; 100 only when the file is there.' }),
    progress_detail: z.object({
      phase: z.enum(REPORT_PHASES),
      rows_written: count(),
      rows_total: count().nullable(),
      parts_done: count(),
      parts_total: count().nullable(),
    }),
    parameters: z.record(z.string(), z.unknown()).meta({ description: 'As they were asked for.' }),
    range: rangeSchema,
    workflow_id: z.string().meta({ description: 'The Temporal workflow that makes it.' }),
    run_id: z.string().nullable(),
    requested_by: z.string(),
    created_at: moment(),
    started_at: moment().nullable(),
    completed_at: moment().nullable(),
    expires_at: moment().nullable().meta({ description: 'The file is kept until then.' }),
    file: z
      .object({
        name: z.string(),
        size_bytes: count(),
        sha256: z.string(),
        row_count: count(),
        content_type: z.string(),
      })
      .nullable()
      .meta({ description: 'Of a completed report.' }),
    error: z.object({ code: z.string(), message: z.string() }).nullable().meta({ description: 'Why it failed.' }),
    download_url: z
      .url()
      .nullable()
      .meta({ description: 'Gives the file to whoever has it, without a credential, for a day at most.' }),
    links: z.object({
      self: z.string(),
      download: z.string().optional(),
      temporal_ui: z.string().optional().meta({ description: 'For operators.' }),
    }),
  })
  .meta({ id: 'Report' });

const FILE_HEADERS = {
  ETag: 'The SHA-256 of the whole file; send it as `If-None-Match`, or as `If-Range` with a range.',
  'Content-Disposition': 'The name of the file.',
  'Accept-Ranges': '`bytes`.',
};

const FILES = {
  'text/csv': z.string(),
  'application/json': z.array(z.record(z.string(), z.unknown())),
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': z.string().meta({ format: 'binary' }),
};

/** Bytes of a file: of no type that could be checked. */
const PIECES = Object.fromEntries(Object.keys(FILES).map((type) => [type, z.unknown()]));

/** What a download answers with, faults aside. */
export const downloadAnswers: Readonly<Record<number, AnswerDescription>> = {
  200: { description: 'The whole file.', files: FILES, headers: FILE_HEADERS },
  206: {
    description: 'The range of it that was asked for.',
    files: PIECES,
    headers: { ...FILE_HEADERS, 'Content-Range': 'Which bytes these are, and of how many.' },
  },
  302: { description: 'Of a `download_url`: where the file is.', headers: { Location: 'Good for some minutes.' } },
  304: { description: 'The client has it already.', headers: FILE_HEADERS },
};

/** What a download takes beside the credential. */
export const downloadHeaders = z.object({
  Range: z.string().optional().meta({ description: '`bytes=100-`: goes on where a download broke off.' }),
  'If-Range': z.string().optional().meta({ description: 'The range counts only while the file has this ETag.' }),
  'If-None-Match': z.string().optional().meta({ description: 'Answered with 304 while the file has this ETag.' }),
});
