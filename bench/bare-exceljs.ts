import { createWriteStream } from 'node:fs';
import exceljs from 'exceljs';
import { sql } from 'kysely';
import { createOrm, dbOf } from '../shared/db/orm.ts';
import { DEFAULT_USAGE_COUNTERS } from '../shared/domain/usage-counters.ts';
import { csvCell } from '../shared/reports/kinds/cells.ts';
import { reportKind } from '../shared/reports/kinds/index.ts';

/** Baseline: a cursor and exceljs's streaming writer. */
const [, , url = '', orgId = '', target = ''] = process.argv;
const orm = await createOrm({ DATABASE_URL: url, DATABASE_POOL_SIZE: 2 });
const range = { lowerAt: '2000-01-01T00:00:00Z', lowerId: '', upperAt: '2100-01-01T00:00:00Z', upperId: '' };
const scope = {
  orgId,
  startInclusive: new Date(range.lowerAt),
  endExclusive: new Date(range.upperAt),
  timeZone: 'UTC',
  cutoff: range.upperAt,
  parameters: {},
  counters: DEFAULT_USAGE_COUNTERS,
};
const source = reportKind('executions');
const db = dbOf(orm.em.fork());
const query = sql<Record<string, unknown>>`${source.rows(scope, range, csvCell)}`.compile(db);
const workbook = new exceljs.stream.xlsx.WorkbookWriter({
  stream: createWriteStream(target),
  useStyles: true,
  zip: { zlib: { level: 1 } },
});
const sheet = workbook.addWorksheet('Report');
sheet.columns = source.columns.map(({ header }) => ({ header, key: header }));
for await (const { rows } of db.getExecutor().stream<Record<string, unknown>>(query, 1000)) {
  for (const row of rows) {
    const cells = source.columns.map(({ header, type }) => {
      const value = row[header];
      if (value === null || value === undefined) return null;
      if (type === 'timestamptz') return new Date(String(value));
      return ['integer', 'bigint', 'numeric'].includes(type) ? Number(value) : String(value);
    });
    sheet.addRow(cells).commit();
  }
}
await workbook.commit();
await orm.close();
