import type { RawBuilder } from 'kysely';
import type { CopyFormat } from '../../../shared/db/copy-out.ts';
import type { KeyRange, ReportScope, ReportSource, SourceColumn } from '../../../shared/reports/sources/source.ts';

/** How a report becomes a file: what its parts hold, and how they are joined. */
export interface ReportFormat {
  contentType: string;
  copyAs: CopyFormat;
  /** The rows of one part, as COPY writes them. */
  partRows(source: ReportSource, scope: ReportScope, range: KeyRange): RawBuilder<unknown>;
  /** The file, out of the bytes of all parts in order; in constant memory. */
  assemble(columns: readonly SourceColumn[], parts: AsyncIterable<Buffer>): AsyncIterable<Buffer>;
}
