import type { ImportCounts, ImportRef } from '../../shared/contracts/imports.ts';
import type { Orm } from '../../shared/db/orm.ts';
import { inTransaction } from '../../shared/db/transaction.ts';
import type { FieldError } from '../../shared/errors.ts';
import type { Fact } from '../../shared/facts/index.ts';
import { advanceImport, type ImportPosition } from '../../shared/imports/import-rows.ts';
import type { SourceLine } from '../../shared/imports/lines.ts';
import { keepRejects, type RejectedLine } from '../../shared/imports/rejects.ts';
import { inRounds, type PreparedBatch, type PreparedFact } from '../../shared/telemetry/prepare.ts';
import { storeBatch } from '../../shared/telemetry/store-batch.ts';

/** A batch takes at most this many records of one id; a chunk of a file may hold more. */
const ROUNDS_AT_ONCE = 100;

/** A chunk that is checked, priced and made private. */
export interface PreparedChunk {
  from: ImportPosition;
  end: ImportPosition;
  batch: PreparedBatch;
  /** The line of each record, by the index that the batch knows it by. */
  lines: readonly SourceLine[];
  /** Lines that are no records. */
  unreadable: readonly RejectedLine[];
}

/**
 * Stores a chunk: its records, its rejected lines, the counts and the position behind it, all in one transaction.
 * @throws Error where another attempt has stored it meanwhile; then nothing is stored
 */
export async function storeChunk(orm: Orm, ref: ImportRef, chunk: PreparedChunk): Promise<ImportCounts> {
  return inTransaction(orm.em.fork(), async (trx) => {
    const counts = { accepted: 0, duplicates: 0 };
    const errors = new Map<number, FieldError[]>();
    for (const batch of inBatches(chunk.batch)) {
      const result = await storeBatch(trx, ref.orgId, batch);
      counts.accepted += result.accepted;
      counts.duplicates += result.duplicates;
      for (const { index, ...error } of result.errors) errors.set(index, [...(errors.get(index) ?? []), error]);
    }
    const rejects = [...chunk.unreadable, ...rejectedLines(chunk.lines, errors)];
    await keepRejects(trx, ref, rejects);
    const all = { ...counts, rejected: rejects.length };
    if (!(await advanceImport(trx, ref, chunk.from, chunk.end, all))) {
      throw new Error(`Import ${ref.importId} is no longer at line ${chunk.from.line}`);
    }
    return all;
  });
}

function rejectedLines(lines: readonly SourceLine[], errors: ReadonlyMap<number, FieldError[]>): RejectedLine[] {
  return [...errors].flatMap(([index, faults]) => {
    const line = lines[index];
    return line ? [{ line: line.number, errors: faults, record: line.text }] : [];
  });
}

/** One batch, unless an id stands in it more often than a batch may hold it. */
function* inBatches(batch: PreparedBatch): Generator<PreparedBatch> {
  const rounds = [...batch.facts].map(([fact, records]) => ({ fact, rounds: inRounds(records) }));
  const most = Math.max(1, ...rounds.map((each) => each.rounds.length));
  for (let from = 0; from < most; from += ROUNDS_AT_ONCE) {
    const facts = new Map<Fact, PreparedFact[]>(
      rounds.map((each) => [each.fact, each.rounds.slice(from, from + ROUNDS_AT_ONCE).flat()]),
    );
    yield from === 0
      ? { ...batch, facts }
      : { facts, dimensions: new Map(), namedAgents: new Map(), errors: [], errorsOmitted: 0 };
  }
}
