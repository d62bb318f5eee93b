import { clip } from '../../shared/clip.ts';
import { type TidemarkError, validationError } from '../../shared/errors.ts';
import { createPace } from '../../shared/pace.ts';
import { UnreadableRecord } from '../../shared/telemetry/prepare.ts';
import { TooLargeError } from './http-error.ts';
import { elementSpans, type JsonSpan, MAX_DEPTH, MAX_VALUES, skipSpace, spanOf } from './scan-json.ts';

const MAX_BATCH_RECORDS = 10_000;
const MAX_REASON_LENGTH = 200;
const NEWLINE = 0x0a;
const TOO_COMPLEX = `has more than ${MAX_VALUES} values, or is nested deeper than ${MAX_DEPTH} levels`;

/** @throws TidemarkError `validation` where the body is not a JSON object */
export async function parseObject(bytes: Buffer): Promise<Record<string, unknown>> {
  const { isTooComplex } = await spanOf(bytes, 0, bytes.length);
  if (isTooComplex) throw bodyFault(`the body ${TOO_COMPLEX}`);
  const value = parseJson(bytes.toString('utf8'), 'the body');
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw bodyFault('the body must be a JSON object');
}

/**
 * The records of a JSON array, counted before any is parsed. A record with too many values is an UnreadableRecord.
 * @throws TidemarkError `validation` where the body is not a valid JSON array, TooLargeError for too many records
 */
export async function parseArray(bytes: Buffer): Promise<unknown[]> {
  const spans = await elementSpans(bytes, MAX_BATCH_RECORDS);
  if (spans === null) throw bodyFault('the body must be a valid JSON array, or NDJSON');
  if (spans.length > MAX_BATCH_RECORDS) throw tooMany();
  return parseSpans(bytes, spans, (text, n) => parseJson(text, `record ${n}`));
}

/**
 * The records of NDJSON, counted before any is parsed. An invalid line is an UnreadableRecord.
 * @throws TooLargeError for too many lines
 */
export async function parseLines(bytes: Buffer): Promise<unknown[]> {
  const spans: JsonSpan[] = [];
  for (let start = skipSpace(bytes, 0); start < bytes.length; ) {
    if (spans.length === MAX_BATCH_RECORDS) throw tooMany();
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline < 0 ? bytes.length : newline;
    spans.push({ start, end, isTooComplex: false });
    start = skipSpace(bytes, end);
  }
  for (const [n, { start, end }] of spans.entries()) spans[n] = await spanOf(bytes, start, end);
  return parseSpans(bytes, spans, (text) => {
    try {
      return JSON.parse(text);
    } catch (error) {
      return new UnreadableRecord(`the line is not valid JSON: ${reasonOf(error)}`);
    }
  });
}

async function parseSpans(
  bytes: Buffer,
  spans: readonly JsonSpan[],
  parse: (text: string, n: number) => unknown,
): Promise<unknown[]> {
  const pace = createPace();
  const records: unknown[] = [];
  for (const [n, { start, end, isTooComplex }] of spans.entries()) {
    records.push(isTooComplex ? new UnreadableRecord(TOO_COMPLEX) : parse(bytes.toString('utf8', start, end), n));
    if (pace.isDue()) await pace.rest();
  }
  return records;
}

/** @throws TidemarkError `validation` */
function parseJson(text: string, noun: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw bodyFault(`${noun} is not valid JSON: ${reasonOf(error)}`);
  }
}

/** The parser's message quotes the text, which may contain anything. */
function reasonOf(error: unknown): string {
  return clip(error instanceof Error ? error.message : String(error), MAX_REASON_LENGTH);
}

function bodyFault(message: string): TidemarkError {
  return validationError([{ field: '', message }]);
}

function tooMany(): TooLargeError {
  return new TooLargeError(`The batch exceeds ${MAX_BATCH_RECORDS} records; split it.`);
}
