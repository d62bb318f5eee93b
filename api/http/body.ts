import { UnsupportedMediaTypeError } from './http-error.ts';
import { parseArray, parseLines, parseObject } from './parse-body.ts';

/** Applies to the decompressed body. */
export const MAX_BODY_BYTES = 16 * 1024 * 1024;

/** Content types that a route accepts. */
export type BodyFormat = 'none' | 'json' | 'json-or-ndjson';

/** A received body; it is parsed on demand, in slices. */
export interface RequestBody {
  bytes: Buffer;
  /** @throws TidemarkError `validation` where the body is not a JSON object */
  object(): Promise<Record<string, unknown>>;
  /** The records of a batch; an invalid one is an UnreadableRecord. @throws TidemarkError `validation`, TooLargeError */
  records(): Promise<unknown[]>;
}

const NDJSON_TYPES = new Set(['application/x-ndjson', 'application/ndjson', 'application/jsonl']);

/** @throws UnsupportedMediaTypeError for a content type that `format` does not include */
export function bodyOf(bytes: Buffer, contentType: string, format: BodyFormat): RequestBody {
  const type = contentType.split(';')[0]?.trim().toLowerCase() ?? '';
  if (bytes.length > 0 && format !== 'none') requireType(type, format);
  return {
    bytes,
    object: () => parseObject(bytes),
    records: () => (NDJSON_TYPES.has(type) ? parseLines(bytes) : parseArray(bytes)),
  };
}

function requireType(type: string, format: Exclude<BodyFormat, 'none'>): void {
  if (type === 'application/json' || (format === 'json-or-ndjson' && NDJSON_TYPES.has(type))) return;
  const accepted = format === 'json' ? 'application/json' : 'application/json or application/x-ndjson';
  throw new UnsupportedMediaTypeError(`The content type must be ${accepted}, not ${type || 'empty'}.`);
}
