import { sql } from 'kysely';
import { jsonCell } from '../../../shared/db/queries/report-sources/cells.ts';
import type { ReportFormat } from './format.ts';

/** One JSON document: an array with an object a row, a row a line. */
export const jsonFormat: ReportFormat = {
  contentType: 'application/json',
  copyAs: 'lines',
  // Each line brings the comma that parts it from the one before, so that joining parts is joining bytes.
  partRows: (source, scope, range) =>
    sql`SELECT ',' || row_to_json(r)::text FROM (${source.rows(scope, range, jsonCell)}) r`,
  async *assemble(_, parts) {
    yield Buffer.from('[\n');
    let isFirst = true;
    for await (const chunk of parts) {
      yield isFirst ? chunk.subarray(1) : chunk;
      isFirst = false;
    }
    yield Buffer.from(']\n');
  },
};
