import { csvCell } from '../../../shared/reports/sources/cells.ts';
import type { ReportFormat } from './format.ts';

/** CSV (RFC 4180, lines ending with LF as PostgreSQL writes them) with a header. */
export const csvFormat: ReportFormat = {
  contentType: 'text/csv; charset=utf-8',
  copyAs: 'csv',
  partRows: (source, scope, range) => source.rows(scope, range, csvCell),
  async *assemble(columns, parts) {
    // Headers are names of ours and need no quotes.
    yield Buffer.from(`${columns.map(({ header }) => header).join(',')}\n`);
    yield* parts;
  },
};
