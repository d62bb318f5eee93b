import parseRange from 'range-parser';
import type { Report } from '../../../shared/db/entities/report.ts';
import { TidemarkError } from '../../../shared/errors.ts';
import { reportFileKey } from '../../../shared/storage/storage.ts';
import { RangeNotSatisfiableError } from '../../http/http-error.ts';
import type { Answer, RequestContext } from '../../route.ts';

/** A redirect is followed at once; a download that has begun goes on after this. */
const REDIRECT_SECONDS = 300;

/**
 * A report's file, whole or a range of it, straight from storage.
 * @throws TidemarkError `conflict` while it is not completed, `gone` after it expired, `range-not-satisfiable`
 */
export async function downloadReport(context: RequestContext, report: Report): Promise<Answer> {
  if (report.status !== 'completed') {
    throw new TidemarkError('conflict', `The report is ${report.status}; it can be downloaded when it is completed.`);
  }
  const { fileName, fileSha256, fileContentType } = report;
  if (!fileName || !fileSha256 || !fileContentType) throw new Error(`Report ${report.id} is completed without a file`);
  const { storage } = context.deps;
  const key = reportFileKey(report.orgId, report.id, fileName);
  const isExpired = report.filesRemovedAt !== null || (report.expiresAt ?? new Date(0)) <= new Date();
  const size = isExpired ? null : await storage.size(key);
  if (size === null) throw new TidemarkError('gone', 'The file of this report has expired; ask for the report again.');
  if (context.caller.isLink) {
    // Who has a link can do without us: the bytes come straight from where they are, if that hands them out.
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

/** The one range that is asked for; null for the whole file, as also where several are (RFC 9110, 14.2). */
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
