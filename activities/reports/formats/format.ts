import type { RawBuilder } from 'kysely';
import type { CopyFormat } from '../../../shared/db/copy-out.ts';
import type { KeyRange, ReportKind, ReportScope, SourceColumn } from '../../../shared/reports/kinds/kind.ts';

/** A file format of reports: the content of the parts, and how they are assembled. */
export interface ReportFormat {
  contentType: string;
  copyAs: CopyFormat;
  /** The SELECT for COPY of one part. */
  partRows(kind: ReportKind, scope: ReportScope, range: KeyRange): RawBuilder<unknown>;
  /** Assembles the file from the bytes of all parts in order, in constant memory. */
  assemble(columns: readonly SourceColumn[], parts: AsyncIterable<Buffer>): AsyncIterable<Buffer>;
}
