import { isUtf8 } from 'node:buffer';
import type { ImportPosition } from './import-rows.ts';

/** Longer lines are rejected, which bounds the memory per file. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;
/** The lines of a quoted cell are held in memory until it is closed. */
const MAX_LINES_OF_RECORD = 200_000;

const LF = 10;
const CR = 13;
const COMMA = 44;
const QUOTE = 34;
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

/** A line or, in a CSV, a record, which spans several lines if it has quoted line feeds. Blank lines are skipped. */
export interface SourceLine {
  /** The number of its first line, starting at 1. */
  number: number;
  /** Null if it is too long or not UTF-8. */
  text: string | null;
  /** Why it cannot be read, to follow "the line"; undefined if it can. */
  fault: string | undefined;
}

/** Lines that are stored in one transaction; `end` is the start of the next chunk. */
export interface Chunk {
  lines: SourceLine[];
  end: ImportPosition;
}

export interface ChunkOptions {
  /** The position in the file at which the content starts. */
  from: ImportPosition;
  /** Whether line feeds inside quotes are part of the record (RFC 4180). */
  quoted: boolean;
  maxLines: number;
  maxBytes: number;
}

/** A line of the file and the position after it; `content` is null if it is too long. */
interface PhysicalLine extends ImportPosition {
  content: Buffer | null;
}

/** Splits content into chunks of whole lines. Holds at most a chunk and a line in memory. */
export async function* chunksOf(content: AsyncIterable<Buffer>, options: ChunkOptions): AsyncGenerator<Chunk> {
  const chunks = createChunker(options);
  const records = options.quoted ? createRecordJoiner(chunks.add) : chunks;
  const lines = createLineSplitter(options.from, records.add);
  for await (const bytes of content) {
    lines.push(bytes);
    yield* chunks.full();
  }
  lines.end();
  records.end();
  chunks.end();
  yield* chunks.full();
}

function createLineSplitter(from: ImportPosition, add: (line: PhysicalLine) => void) {
  const position = { ...from };
  let partial: Buffer[] = [];
  let partialBytes = 0;
  const finish = (rest: Buffer, terminatorBytes: number) => {
    const size = partialBytes + rest.length;
    let content = size > MAX_LINE_BYTES ? null : partial.length === 0 ? rest : Buffer.concat([...partial, rest]);
    if (position.bytes === 0 && content?.subarray(0, BOM.length).equals(BOM)) content = content.subarray(BOM.length);
    position.bytes += size + terminatorBytes;
    position.line += 1;
    partial = [];
    partialBytes = 0;
    add({ ...position, content });
  };
  return {
    push(bytes: Buffer) {
      let start = 0;
      for (let at = bytes.indexOf(LF); at !== -1; at = bytes.indexOf(LF, start)) {
        finish(bytes.subarray(start, at), 1);
        start = at + 1;
      }
      partialBytes += bytes.length - start;
      if (partialBytes > MAX_LINE_BYTES) partial = [];
      else partial.push(bytes.subarray(start));
    },
    end() {
      if (partialBytes > 0) finish(Buffer.alloc(0), 0);
    },
  };
}

type AddRecord = (line: PhysicalLine, number?: number, fault?: string) => void;

/** Joins the lines of CSV records that have quoted line feeds. */
function createRecordJoiner(add: AddRecord) {
  let open = false;
  let held: { line: PhysicalLine; content: Buffer }[] = [];
  let heldBytes = 0;
  const release = () => {
    const lines = held;
    open = false;
    held = [];
    heldBytes = 0;
    return lines;
  };
  /** Rejects the line with the unclosed quote, and parses the held lines after it again. */
  const rejectFirst = () => {
    const [first, ...others] = release();
    if (first) add(first.line, first.line.line, 'has a quoted cell that is not closed');
    for (const { line } of others) joiner.add(line);
  };
  const joiner = {
    add(line: PhysicalLine) {
      if (line.content === null) {
        joiner.end();
        return add(line);
      }
      const state = quotesAfter(line.content, open);
      // A malformed record on one line is reported by the parser.
      if (held.length === 0 && state !== 'open') return add(line);
      open = state === 'open';
      held.push({ line, content: line.content });
      heldBytes += line.content.length + 1;
      const isTooLong = heldBytes > MAX_LINE_BYTES || held.length > MAX_LINES_OF_RECORD;
      if (state === 'broken' || (open && isTooLong)) return rejectFirst();
      if (open) return;
      const lines = release();
      const content = Buffer.concat(lines.flatMap((each, n) => (n === 0 ? [each.content] : [LF_BYTES, each.content])));
      add({ ...line, content }, lines[0]?.line.line);
    },
    end() {
      while (held.length > 0) rejectFirst();
    },
  };
  return joiner;
}

const LF_BYTES = Buffer.from([LF]);

/**
 * The quoting state at the end of a line: `open` if a quoted cell continues on the next line, `broken` if a closing
 * quote is followed by text. A quote opens a cell only at the start of the cell.
 */
function quotesAfter(line: Buffer, openBefore: boolean): 'open' | 'closed' | 'broken' {
  let open = openBefore;
  for (let at = line.indexOf(QUOTE); at !== -1; at = line.indexOf(QUOTE, at + 1)) {
    const next = line[at + 1];
    if (!open) open = at === 0 || line[at - 1] === COMMA;
    else if (next === QUOTE) at += 1;
    else if (next === undefined || next === COMMA || (next === CR && at + 2 === line.length)) open = false;
    else return 'broken';
  }
  return open ? 'open' : 'closed';
}

function createChunker({ maxLines, maxBytes }: ChunkOptions) {
  const full: Chunk[] = [];
  let chunk: Chunk = { lines: [], end: { bytes: 0, line: 0 } };
  let size = 0;
  const close = () => {
    if (chunk.lines.length > 0) full.push(chunk);
    chunk = { lines: [], end: chunk.end };
    size = 0;
  };
  const add: AddRecord = (line, number = line.line, fault) => {
    const read = readText(line.content);
    if (fault === undefined && read.text !== null && read.text.trim() === '') return;
    chunk.lines.push({ number, text: read.text, fault: fault ?? read.fault });
    chunk.end = { bytes: line.bytes, line: line.line };
    size += line.content?.length ?? 0;
    if (chunk.lines.length >= maxLines || size >= maxBytes) close();
  };
  return {
    add,
    end: close,
    *full() {
      for (let next = full.shift(); next; next = full.shift()) yield next;
    },
  };
}

function readText(content: Buffer | null): Pick<SourceLine, 'text' | 'fault'> {
  if (content === null) return { text: null, fault: 'is longer than 16 MB' };
  if (!isUtf8(content)) return { text: null, fault: 'is not UTF-8' };
  const end = content.at(-1) === CR ? content.length - 1 : content.length;
  return { text: content.toString('utf8', 0, end), fault: undefined };
}
