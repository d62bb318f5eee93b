import type { IncomingMessage } from 'node:http';
import { createGunzip } from 'node:zlib';
import getRawBody from 'raw-body';
import { TidemarkError, validationError } from '../../shared/errors.ts';
import { UnreadableRecord } from '../../shared/telemetry/prepare.ts';

/** Of a body as it is read, after it was unpacked. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;
const MAX_BATCH_RECORDS = 10_000;

export interface RequestBody {
  bytes: Buffer;
  /** @throws TidemarkError `validation` where the body is no JSON object */
  object(): Record<string, unknown>;
  /** The records of a batch; a line that cannot be read stands as an UnreadableRecord. @throws TidemarkError `validation`, `too-large` */
  records(): unknown[];
}

const NDJSON_TYPES = new Set(['application/x-ndjson', 'application/ndjson', 'application/jsonl']);

/**
 * Reads a request's body, gzip or plain, up to 16 MB unpacked.
 * @throws TidemarkError `unsupported-media-type`, `too-large`, `validation`
 */
export async function readBody(
  request: IncomingMessage,
  kind: 'none' | 'json' | 'json-or-ndjson',
): Promise<RequestBody> {
  const declaredBytes = Number(request.headers['content-length'] ?? 0);
  if (declaredBytes > MAX_BODY_BYTES) throw tooLarge();
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  const bytes = await unpack(request);
  if (bytes.length > 0 && kind !== 'none') requireType(type, kind);
  const isLines = NDJSON_TYPES.has(type);
  return {
    bytes,
    object() {
      const value = parseJson(bytes);
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
      throw validationError([{ field: '', message: 'the body must be a JSON object' }]);
    },
    records() {
      const records = isLines ? parseLines(bytes) : parseJson(bytes);
      if (!Array.isArray(records))
        throw validationError([{ field: '', message: 'the body must be a JSON array or NDJSON' }]);
      if (records.length > MAX_BATCH_RECORDS) {
        throw new TidemarkError(
          'too-large',
          `A batch holds at most ${MAX_BATCH_RECORDS} records; send the others in another.`,
        );
      }
      return records;
    },
  };
}

function requireType(type: string, kind: 'json' | 'json-or-ndjson'): void {
  if (type === 'application/json' || (kind === 'json-or-ndjson' && NDJSON_TYPES.has(type))) return;
  const taken = kind === 'json' ? 'application/json' : 'application/json or application/x-ndjson';
  throw new TidemarkError('unsupported-media-type', `The content type must be ${taken}, not ${type || 'empty'}.`);
}

async function unpack(request: IncomingMessage): Promise<Buffer> {
  const encoding = (request.headers['content-encoding'] ?? 'identity').toLowerCase();
  if (encoding !== 'gzip' && encoding !== 'identity') {
    throw new TidemarkError('unsupported-media-type', `The content encoding must be gzip or none, not ${encoding}.`);
  }
  const stream = encoding === 'gzip' ? request.pipe(createGunzip()) : request;
  try {
    return await getRawBody(stream, { limit: MAX_BODY_BYTES });
  } catch (error) {
    if (error instanceof Error && 'type' in error && error.type === 'entity.too.large') throw tooLarge();
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('Z_')) {
      throw validationError([{ field: '', message: 'the body is not valid gzip' }]);
    }
    if (error instanceof Error && 'status' in error && error.status === 400) {
      throw validationError([{ field: '', message: `the body did not arrive whole (${error.message})` }]);
    }
    throw error;
  } finally {
    request.unpipe();
  }
}

function tooLarge(): TidemarkError {
  return new TidemarkError('too-large', `A body holds at most ${MAX_BODY_BYTES / 1024 / 1024} MB; send several.`);
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw validationError([{ field: '', message: `the body is not valid JSON: ${reason.slice(0, 200)}` }]);
  }
}

function parseLines(bytes: Buffer): unknown[] {
  return bytes
    .toString('utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line): unknown => {
      try {
        return JSON.parse(line);
      } catch (error) {
        return new UnreadableRecord(error instanceof Error ? error.message.slice(0, 200) : 'is not JSON');
      }
    });
}
