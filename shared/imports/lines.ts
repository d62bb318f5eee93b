import { isUtf8 } from 'node:buffer';
import type { ImportPosition } from './import-rows.ts';

/** A longer line is rejected; this bounds the memory that a file can ask for. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;
/** Each line that a quoted cell spans is held until the cell ends. */
const MAX_LINES_OF_RECORD = 200_000;

const LF = 10;
const CR = 13;
const COMMA = 44;
const QUOTE = 34;
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

/** What stands between two line feeds or, in a CSV with quoted line feeds, a record. Blank ones are left out. */
export interface SourceLine {
  /** Of its first line, counted from 1. */
  number: number;
  /** Null where it is too long or no UTF-8. */
  text: string | null;
  /** Why it cannot be read. */
  fault: string | undefined;
}

/** Lines that are stored together; `end` is where the next chunk begins. */
export interface Chunk {
  lines: SourceLine[];
  end: ImportPosition;
}

export interface ChunkOptions {
  /** Where the content begins in its file. */
  from: ImportPosition;
  /** Whether line feeds inside quotes belong to a record (RFC 4180). */
  quoted: boolean;
  maxLines: number;
  maxBytes: number;
}

/** A line of the file; null bytes where it is too long. */
interface PhysicalLine extends ImportPosition {
  content: Buffer | null;
}

/** Splits content into chunks of whole lines, holding no more than a chunk and a line of it at a time. */
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
  let begun: Buffer[] = [];
  let begunBytes = 0;
  const finish = (rest: Buffer, terminatorBytes: number) => {
    const size = begunBytes + rest.length;
    let content = size > MAX_LINE_BYTES ? null : begun.length === 0 ? rest : Buffer.concat([...begun, rest]);
    if (position.bytes === 0 && content?.subarray(0, BOM.length).equals(BOM)) content = content.subarray(BOM.length);
    position.bytes += size + terminatorBytes;
    position.line += 1;
    begun = [];
    begunBytes = 0;
    add({ ...position, content });
  };
  return {
    push(bytes: Buffer) {
      let start = 0;
      for (let at = bytes.indexOf(LF); at !== -1; at = bytes.indexOf(LF, start)) {
        finish(bytes.subarray(start, at), 1);
        start = at + 1;
      }
      begunBytes += bytes.length - start;
      if (begunBytes > MAX_LINE_BYTES) begun = [];
      else begun.push(bytes.subarray(start));
    },
    end() {
      if (begunBytes > 0) finish(Buffer.alloc(0), 0);
    },
  };
}

type AddRecord = (line: PhysicalLine, number?: number, fault?: string) => void;

/** Joins the lines of CSV records whose quoted cells hold line feeds. */
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
  /** A quote that is not closed where a cell can end costs its own line; what follows is read anew. */
  const giveUp = () => {
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
      // A bad record of one line is named by the parser.
      if (held.length === 0 && state !== 'open') return add(line);
      open = state === 'open';
      held.push({ line, content: line.content });
      heldBytes += line.content.length + 1;
      const isTooLong = heldBytes > MAX_LINE_BYTES || held.length > MAX_LINES_OF_RECORD;
      if (state === 'broken' || (open && isTooLong)) return giveUp();
      if (open) return;
      const lines = release();
      const content = Buffer.concat(lines.flatMap((each, n) => (n === 0 ? [each.content] : [LF_BYTES, each.content])));
      add({ ...line, content }, lines[0]?.line.line);
    },
    end() {
      while (held.length > 0) giveUp();
    },
  };
  return joiner;
}

const LF_BYTES = Buffer.from([LF]);

/**
 * How a line leaves the quotes: a cell that goes on in the next line is open, one whose quote closes amid text is broken.
 * A quote opens a cell only where the cell begins.
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
