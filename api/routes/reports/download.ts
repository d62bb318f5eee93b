import parseRange from 'range-parser';
import type { Report } from '../../../shared/db/entities/report.ts';
import { TidemarkError } from '../../../shared/errors.ts';
import { reportFileKey } from '../../../shared/storage/storage.ts';
import type { AnswerOf } from '../../answer.ts';
import { RangeNotSatisfiableError } from '../../http/http-error.ts';
import type { RequestContext } from '../../route.ts';
import type { downloadAnswers } from './schema.ts';

/** Clients follow a redirect immediately; a started download is not cut off. */
const REDIRECT_SECONDS = 300;

/**
 * A report's file or a range of it, streamed from storage.
 * @throws TidemarkError `conflict` before it is completed, `gone` after it expired
 * @throws RangeNotSatisfiableError
 */
export async function downloadReport(
  context: RequestContext,
  report: Report,
): Promise<AnswerOf<typeof downloadAnswers>> {
  if (report.status !== 'completed') {
    throw new TidemarkError('conflict', `The report is ${report.status}; it has no file before it is completed.`);
  }
  const { fileName, fileSha256, fileContentType } = report;
  if (!fileName || !fileSha256 || !fileContentType) throw new Error(`Report ${report.id} is completed without a file`);
  const { storage } = context.deps;
  const key = reportFileKey(report.orgId, report.id, fileName);
  const isExpired = report.filesRemovedAt !== null || (report.expiresAt ?? new Date(0)) <= new Date();
  const size = isExpired ? null : await storage.size(key);
  if (size === null) throw new TidemarkError('gone', 'The file of this report has expired; request a new report.');
  if (context.caller.isLink) {
    // A link needs no proxy: where the storage signs URLs, the client downloads from it directly.
    const options = { expiresInSeconds: REDIRECT_SECONDS, fileName, contentType: fileContentType };
    const url = await storage.signedUrl(key, options);
    if (url !== null) return { status: 302, headers: { Location: url, 'Cache-Control': 'no-store' } };
  }
  const etag = `"${fileSha256}"`;
  const headers = {
    'Content-Type': fileContentType,
    'Content-Disposition': `attachment; filename="${fileName}"`,
    'Accept-Ranges': 'bytes',
    'Cache-Control': 'private, no-cache',
    ETag: etag,
  };
  if (matches(context.header('if-none-match'), etag)) return { status: 304, headers };
  const range = requestedRange(context, etag, size);
  if (!range)
    return { status: 200, stream: storage.read(key), headers: { ...headers, 'Content-Length': String(size) } };
  return {
    status: 206,
    stream: storage.read(key, range),
    headers: {
      ...headers,
      'Content-Length': String(range.end - range.start + 1),
      'Content-Range': `bytes ${range.start}-${range.end}/${size}`,
    },
  };
}

function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((value) => ['*', etag, `W/${etag}`].includes(value.trim()));
}

/** The requested range; null for the whole file, also for several ranges (RFC 9110, 14.2). */
function requestedRange(context: RequestContext, etag: string, size: number): { start: number; end: number } | null {
  const header = context.header('range');
  const ifRange = context.header('if-range');
  if (header === undefined || (ifRange !== undefined && ifRange !== etag)) return null;
  const ranges = parseRange(size, header);
  if (ranges === -2) return null;
  if (ranges === -1) throw new RangeNotSatisfiableError(`The file has ${size} bytes.`);
  const [only, second] = ranges;
  return ranges.type === 'bytes' && only && !second ? only : null;
}
