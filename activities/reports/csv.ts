import type { SourceColumn } from '../../shared/db/queries/report-sources/source.ts';
import type { Storage } from '../../shared/storage.ts';

/** The first line; headers are names of ours and need no quotes. Lines end with LF, as PostgreSQL writes them. */
export function csvHeader(columns: readonly SourceColumn[]): string {
  return `${columns.map(({ header }) => header).join(',')}\n`;
}

/** A header and then the parts, one after the other, in constant memory. */
export async function* concatenated(
  storage: Storage,
  header: string,
  parts: readonly string[],
): AsyncGenerator<Buffer> {
  yield Buffer.from(header);
  for (const part of parts) {
    for await (const chunk of storage.read(part)) yield Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk);
  }
}
