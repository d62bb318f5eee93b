import { defineEntity, p } from '@mikro-orm/postgresql';
import { IMPORT_FORMATS, type ImportMapping } from '../../contracts/imports.ts';
import { JOB_STATUSES } from '../../contracts/jobs.ts';
import { count, time } from './columns.ts';

/** An import of a file: its mapping, and its position in the content. Owner: `imports`; an erasure clears `rejects_key`. */
export const Import = defineEntity({
  name: 'Import',
  tableName: 'imports',
  properties: {
    orgId: p.text().primary(),
    id: p.uuid().primary(),
    fileName: p.text(),
    sourceKey: p.text(),
    sourceIsCopy: p.boolean(),
    isGzip: p.boolean(),
    format: p.enum(IMPORT_FORMATS),
    mapping: p.json<ImportMapping>(),
    header: p.json<string[]>().nullable(),
    contentSha256: p.text(),
    contentBytes: count(),
    status: p.enum(JOB_STATUSES).default('pending'),
    positionBytes: count(),
    positionLine: count(),
    accepted: count().defaultRaw('0'),
    duplicates: count().defaultRaw('0'),
    rejected: count().defaultRaw('0'),
    rejectsKey: p.text().nullable(),
    errorCode: p.text().nullable(),
    errorMessage: p.text().nullable(),
    createdAt: time().defaultRaw('now()'),
    startedAt: time().nullable(),
    completedAt: time().nullable(),
    runId: p.text().nullable(),
  },
});
