import type { IncomingMessage } from 'node:http';
import { createGunzip } from 'node:zlib';
import getRawBody from 'raw-body';
import { clip } from '../../shared/clip.ts';
import { validationError } from '../../shared/errors.ts';
import { UnreadableRecord } from '../../shared/telemetry/prepare.ts';
import { TooLargeError, UnsupportedMediaTypeError } from './http-error.ts';

/** Applies to the decompressed body. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;
const MAX_BATCH_RECORDS = 10_000;
const MAX_REASON_LENGTH = 200;

/** Content types that a route accepts. */
export type BodyFormat = 'none' | 'json' | 'json-or-ndjson';

export interface RequestBody {
  bytes: Buffer;
  /** @throws TidemarkError `validation` where the body is not a JSON object */
  object(): Record<string, unknown>;
  /** The records of a batch; an invalid line is an UnreadableRecord. @throws TidemarkError `validation`, TooLargeError */
  records(): unknown[];
}

const NDJSON_TYPES = new Set(['application/x-ndjson', 'application/ndjson', 'application/jsonl']);

/**
 * Reads a request body, gzip or plain, up to 16 MB decompressed.
 * @throws UnsupportedMediaTypeError, TooLargeError, TidemarkError `validation`
 */
export async function readBody(request: IncomingMessage, format: BodyFormat): Promise<RequestBody> {
  const declaredBytes = Number(request.headers['content-length'] ?? 0);
  if (declaredBytes > MAX_BODY_BYTES) throw bodyTooLarge();
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  const bytes = await decompress(request);
  if (bytes.length > 0 && format !== 'none') requireType(type, format);
  const isLines = NDJSON_TYPES.has(type);
  return {
    bytes,
    object() {
      const value = parseJson(bytes);
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
      throw bodyFault('the body must be a JSON object');
    },
    records() {
      const records = isLines ? parseLines(bytes) : parseJson(bytes);
      if (!Array.isArray(records)) throw bodyFault('the body must be a JSON array or NDJSON');
      if (records.length > MAX_BATCH_RECORDS) {
        throw new TooLargeError(`The batch exceeds ${MAX_BATCH_RECORDS} records; split it.`);
      }
      return records;
    },
  };
}

function requireType(type: string, format: Exclude<BodyFormat, 'none'>): void {
  if (type === 'application/json' || (format === 'json-or-ndjson' && NDJSON_TYPES.has(type))) return;
  const accepted = format === 'json' ? 'application/json' : 'application/json or application/x-ndjson';
  throw new UnsupportedMediaTypeError(`The content type must be ${accepted}, not ${type || 'empty'}.`);
}

async function decompress(request: IncomingMessage): Promise<Buffer> {
  const encoding = (request.headers['content-encoding'] ?? 'identity').toLowerCase();
  if (encoding !== 'gzip' && encoding !== 'identity') {
    throw new UnsupportedMediaTypeError(`The content encoding must be gzip or identity, not ${encoding}.`);
  }
  const stream = encoding === 'gzip' ? request.pipe(createGunzip()) : request;
  try {
    return await getRawBody(stream, { limit: MAX_BODY_BYTES });
  } catch (error) {
    if (error instanceof Error && 'type' in error && error.type === 'entity.too.large') throw bodyTooLarge();
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('Z_')) {
      throw bodyFault('the body is not valid gzip');
    }
    if (error instanceof Error && 'status' in error && error.status === 400) {
      throw bodyFault(`the body is incomplete (${error.message})`);
    }
    throw error;
  } finally {
    request.unpipe();
  }
}

function bodyFault(message: string) {
  return validationError([{ field: '', message }]);
}

function bodyTooLarge(): TooLargeError {
  return new TooLargeError(`The body exceeds ${MAX_BODY_BYTES / 1024 / 1024} MB; split it.`);
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw bodyFault(`the body is not valid JSON: ${reasonOf(error)}`);
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
        return new UnreadableRecord(`the line is not valid JSON: ${reasonOf(error)}`);
      }
    });
}

/** The parser's message quotes the text, which may contain anything. */
function reasonOf(error: unknown): string {
  return clip(error instanceof Error ? error.message : String(error), MAX_REASON_LENGTH);
}
