import { createPace } from '../../shared/pace.ts';

/** The position of one value in a buffer, and whether parsing it would take too long. */
export interface JsonSpan {
  start: number;
  /** Exclusive. */
  end: number;
  isTooComplex: boolean;
}

/** The cost of parsing depends on values, not on bytes: this many take about 30 ms. Stored records have far fewer. */
export const MAX_VALUES = 50_000;
/** Deeper than any field may be nested. */
export const MAX_DEPTH = 64;

/** Shorter texts never exceed `MAX_VALUES`, and their depth is cheap. */
const ALWAYS_SIMPLE_BYTES = 16 * 1024;
/** Bytes between two checks of the clock. */
const STRIDE = 64 * 1024;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

function isOpen(byte: number): boolean {
  return byte === OPEN_ARRAY || byte === OPEN_OBJECT;
}

function isClose(byte: number): boolean {
  return byte === CLOSE_ARRAY || byte === CLOSE_OBJECT;
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** Measures the JSON text in this range of `bytes`; the parser validates it. */
export async function spanOf(bytes: Buffer, start: number, end: number): Promise<JsonSpan> {
  if (end - start <= ALWAYS_SIMPLE_BYTES) return { start, end, isTooComplex: false };
  let values = 0;
  let deepest = 0;
  await walk(bytes, { start, end }, (byte, _, depth) => {
    if (byte === COMMA || isOpen(byte)) values += 1;
    if (depth > deepest) deepest = depth;
    return false;
  });
  return { start, end, isTooComplex: values > MAX_VALUES || deepest > MAX_DEPTH };
}

/**
 * The elements of a JSON array, located by brackets and commas alone; the parser validates each. Lists at most
 * `maxElements + 1`.
 * @returns null where the text is not a JSON array
 */
export async function elementSpans(bytes: Buffer, maxElements: number): Promise<JsonSpan[] | null> {
  const open = skipSpace(bytes, 0);
  if (bytes[open] !== OPEN_ARRAY) return null;
  const spans: JsonSpan[] = [];
  let start = open + 1;
  let values = 0;
  let deepest = 0;
  let close = -1;
  const endElement = (end: number) => {
    spans.push({ start, end, isTooComplex: values > MAX_VALUES || deepest - 1 > MAX_DEPTH });
    start = end + 1;
    values = 0;
    deepest = 0;
  };
  await walk(bytes, { start: open, end: bytes.length }, (byte, at, depth) => {
    if (depth > deepest) deepest = depth;
    if (depth === 0) {
      close = at;
      return true;
    }
    if (byte === COMMA && depth === 1) endElement(at);
    else if ((byte === COMMA || isOpen(byte)) && at !== open) values += 1;
    return spans.length > maxElements;
  });
  if (spans.length > maxElements) return spans;
  if (close < 0 || skipSpace(bytes, close + 1) < bytes.length) return null;
  if (spans.length > 0 || skipSpace(bytes, start) < close) endElement(close);
  return spans;
}

/** Called for each bracket and comma outside strings, with the depth after it; true ends the walk. */
type Visit = (byte: number, at: number, depth: number) => boolean;

/** Walks over a JSON text, yielding to the event loop. */
async function walk(bytes: Buffer, { start, end }: { start: number; end: number }, visit: Visit): Promise<void> {
  const pace = createPace();
  let depth = 0;
  let inString = false;
  let at = start;
  while (at < end) {
    const stop = Math.min(end, at + STRIDE);
    for (; at < stop; at += 1) {
      const byte = bytes[at] ?? 0;
      if (inString) {
        if (byte === BACKSLASH) at += 1;
        else if (byte === QUOTE) inString = false;
      } else if (byte === QUOTE) {
        inString = true;
      } else if (byte === COMMA || isOpen(byte) || isClose(byte)) {
        depth += byte === COMMA ? 0 : isOpen(byte) ? 1 : -1;
        if (visit(byte, at, depth)) return;
      }
    }
    if (pace.isDue()) await pace.rest();
  }
}

/** The index of the next byte that is not JSON white space; the length where there is none. */
export function skipSpace(bytes: Buffer, from: number): number {
  let at = from;
  while (at < bytes.length && isSpace(bytes[at])) at += 1;
  return at;
}
