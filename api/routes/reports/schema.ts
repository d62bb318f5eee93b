import { z } from 'zod';
import { JOB_STATUSES } from '../../../shared/contracts/jobs.ts';
import { REPORT_PHASES } from '../../../shared/contracts/reports.ts';
import { reportParametersSchema } from '../../../shared/domain/report-parameters.ts';
import { REPORT_FORMATS, REPORT_TYPES } from '../../../shared/reports/kinds/index.ts';
import { label } from '../../../shared/wire.ts';
import type { Answers } from '../../answer.ts';
import { listShape } from '../../http/list-query.ts';
import { temporalUiShape } from '../../http/temporal-links.ts';
import { moment, rangeSchema } from '../../http/time.ts';

/** The body of `POST /reports`. */
export const newReportSchema = z.strictObject({
  name: label(200),
  report_type: z
    .string()
    .refine((type) => REPORT_TYPES.includes(type), { error: `must be one of ${REPORT_TYPES.join(', ')}` })
    .meta({ enum: [...REPORT_TYPES] }),
  format: z.enum(REPORT_FORMATS),
  parameters: reportParametersSchema.default({}),
});

export const reportsQuery = z.strictObject({
  ...listShape,
  status: z.enum(JOB_STATUSES).optional(),
  report_type: label().optional(),
  format: label().optional(),
});

const count = () => z.number().int().min(0);

export const reportSchema = z
  .object({
    id: z.uuid(),
    name: z.string(),
    report_type: z.string(),
    format: z.string(),
    status: z.enum(JOB_STATUSES),
    progress: z.number().int().min(0).max(100).meta({ description: 'Percent; 100 once the file exists.' }),
    progress_detail: z.object({
      phase: z.enum(REPORT_PHASES),
      rows_written: count(),
      rows_total: count().nullable(),
      parts_done: count(),
      parts_total: count().nullable(),
    }),
    parameters: z.record(z.string(), z.unknown()).meta({ description: 'As requested.' }),
    range: rangeSchema,
    workflow_id: z.string().meta({ description: 'The Temporal workflow of the report.' }),
    run_id: z.string().nullable(),
    requested_by: z.string(),
    created_at: moment(),
    started_at: moment().nullable(),
    completed_at: moment().nullable(),
    expires_at: moment().nullable().meta({ description: 'When the file is removed.' }),
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
    error: z
      .object({ code: z.string(), message: z.string() })
      .nullable()
      .meta({ description: 'The reason of a failure.' }),
    download_url: z
      .url()
      .nullable()
      .meta({ description: 'A link to the file that needs no credential; valid for a day at most.' }),
    links: z.object({
      self: z.string(),
      download: z.string().optional(),
      ...temporalUiShape,
    }),
  })
  .meta({ id: 'Report' });

const FILE_HEADERS = {
  ETag: 'The SHA-256 of the whole file, for `If-None-Match` and `If-Range`.',
  'Content-Disposition': 'The name of the file.',
  'Accept-Ranges': '`bytes`.',
};

const FILES = {
  'text/csv': z.string(),
  'application/json': z.array(z.record(z.string(), z.unknown())),
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': z.string().meta({ format: 'binary' }),
};

/** Part of a file: not valid by itself. */
const PARTS = Object.fromEntries(Object.keys(FILES).map((type) => [type, z.unknown()]));

/** The answers of a download. */
export const downloadAnswers = {
  200: { description: 'The whole file.', files: FILES, headers: FILE_HEADERS },
  206: {
    description: 'The requested range of the file.',
    files: PARTS,
    headers: { ...FILE_HEADERS, 'Content-Range': 'The bytes of this answer and the size of the file.' },
  },
  302: {
    description: 'For a `download_url`: the address of the file.',
    headers: { Location: 'Valid for some minutes.' },
  },
  304: { description: 'The client’s copy is current.', headers: FILE_HEADERS },
} as const satisfies Answers;

/** Request headers of a download. */
export const downloadHeaders = z.object({
  Range: z.string().optional().meta({ description: '`bytes=100-` resumes an interrupted download.' }),
  'If-Range': z.string().optional().meta({ description: 'Applies the range only if the file has this ETag.' }),
  'If-None-Match': z.string().optional().meta({ description: 'Answers 304 if the file has this ETag.' }),
});
