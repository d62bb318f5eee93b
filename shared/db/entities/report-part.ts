import { defineEntity, p } from '@mikro-orm/postgresql';
import { count, time } from './columns.ts';

/** A key range of a report's rows, written to a file of its own. Owner: `reports`. */
export const ReportPart = defineEntity({
  name: 'ReportPart',
  tableName: 'report_parts',
  properties: {
    orgId: p.text().primary(),
    reportId: p.uuid().primary(),
    part: p.integer().primary(),
    lowerAt: time(),
    lowerId: p.text(),
    upperAt: time(),
    upperId: p.text(),
    rowsPlanned: count(),
    rowsWritten: count().nullable(),
    sizeBytes: count().nullable(),
  },
});
