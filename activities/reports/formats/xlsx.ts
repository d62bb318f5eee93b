import { sql } from 'kysely';
import { jsonCell } from '../../../shared/reports/kinds/cells.ts';
import type { ReportFormat } from './format.ts';
import { workbookOf } from './workbook.ts';

/** An Excel workbook. XLSX files cannot be concatenated, so parts hold rows as JSON arrays. */
export const xlsxFormat: ReportFormat = {
  contentType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  copyAs: 'lines',
  partRows: (kind, scope, range) => {
    const cells = kind.columns.map(({ header }) => sql.ref(`r.${header}`));
    return sql`SELECT json_build_array(${sql.join(cells)}) FROM (${kind.rows(scope, range, jsonCell)}) r`;
  },
  assemble: (columns, parts) => workbookOf(columns, parts),
};
