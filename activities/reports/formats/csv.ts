import { csvCell } from '../../../shared/reports/kinds/cells.ts';
import type { ReportFormat } from './format.ts';

/** CSV with a header (RFC 4180, except for LF as the line end, which is what COPY writes). */
export const csvFormat: ReportFormat = {
  contentType: 'text/csv; charset=utf-8',
  copyAs: 'csv',
  partRows: (kind, scope, range) => kind.rows(scope, range, csvCell),
  async *assemble(columns, parts) {
    // Headers are our own column names, which need no quoting.
    yield Buffer.from(`${columns.map(({ header }) => header).join(',')}\n`);
    yield* parts;
  },
};
