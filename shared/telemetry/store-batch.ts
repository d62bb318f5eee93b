import { sql } from 'kysely';
import type { Db } from '../db/orm.ts';
import { dimensions } from '../facts/dimensions.ts';
import { type Fact, type FactKind, factList } from '../facts/index.ts';
import { pgTime } from '../pg-time.ts';
import { claimKeys, type KeyClaim } from './claim-keys.ts';
import { takeIngestStamp } from './cutoff.ts';
import { inRounds, limitPerId, type PreparedBatch, type PreparedFact, type RecordError, tooOld } from './prepare.ts';
import { reopenErrorGroups } from './reopen-error-groups.ts';
import { writeDimension } from './write-dimensions.ts';
import { type WriteOptions, type WriteOutcome, writeFacts } from './write-facts.ts';

const NONE: ReadonlySet<string> = new Set();

export interface StoredRecord {
  index: number;
  kind: string;
  id: string;
  outcome: WriteOutcome;
}

export interface StoreResult {
  /** Stored or merged. */
  accepted: number;
  /** Known already, with nothing new. */
  duplicates: number;
  rejected: number;
  errors: RecordError[];
  records: StoredRecord[];
}

/**
 * Stores a prepared batch inside the caller's transaction: all of its good records or, when the transaction fails, none.
 * Facts come in one fixed order, then agents, then users; with the order of ids inside each that rules out deadlocks.
 */
export async function storeBatch(
  trx: Db,
  orgId: string,
  batch: PreparedBatch,
  mode: WriteOptions['mode'] = 'merge',
): Promise<StoreResult> {
  limitPerId(batch);
  const stamp = await takeIngestStamp(trx, orgId);
  const floors = await retentionFloors(trx, orgId);
  const records: StoredRecord[] = [];
  const errors = [...batch.errors];
  const roundsOf = new Map(
    factList.map((fact) => {
      const from = floors.get(fact.kind);
      const prepared = (batch.facts.get(fact) ?? []).filter(({ at, index }) => {
        if (!from || at >= from) return true;
        errors.push({ index, ...tooOld(fact, from) });
        return false;
      });
      return [fact, inRounds(prepared)];
    }),
  );
  const claimed = await claimKeys(trx, orgId, claimsOf(roundsOf));
  for (const [fact, rounds] of roundsOf) {
    for (const [n, round] of rounds.entries()) {
      const fresh = (n === 0 && claimed.get(fact.kind)) || NONE;
      const outcomes = await writeFacts(trx, fact, round, fresh, { orgId, stamp, mode });
      round.forEach(({ index, id, missingAtFirst }, n) => {
        const outcome = outcomes[n] ?? 'unknown';
        records.push({ index, kind: fact.kind, id, outcome });
        if (outcome !== 'unknown') return;
        const message = `is needed for ${article(fact.noun)} that is not known yet`;
        errors.push(...missingAtFirst.map((field) => ({ index, field, message })));
      });
      if (fact.kind === 'errors') {
        const occurrences = round.filter((_, n) => outcomes[n] === 'stored');
        await reopenErrorGroups(trx, orgId, occurrences, stamp);
      }
    }
  }
  for (const dimension of Object.values(dimensions)) {
    const said = batch.dimensions.get(dimension) ?? [];
    const named = dimension.name === 'agents' ? [...batch.namedAgents.values()] : [];
    // Named and said in one first round: it locks every row of the batch in order, later rounds only some of them again.
    for (const round of inRounds([...named, ...said])) await writeDimension(trx, dimension, orgId, round);
    // What is said of a user or agent is merged into what is known, also where it says the same again.
    for (const { index, id } of said) records.push({ index, kind: dimension.name, id, outcome: 'merged' });
  }
  const count = (...outcomes: WriteOutcome[]) => records.filter(({ outcome }) => outcomes.includes(outcome)).length;
  return {
    accepted: count('stored', 'merged'),
    duplicates: count('duplicate'),
    rejected: new Set(errors.map(({ index }) => index)).size,
    errors: errors.sort((a, b) => a.index - b.index),
    records,
  };
}

/** What can begin a row stands in its fact's first round, and nowhere else. */
function claimsOf(roundsOf: ReadonlyMap<Fact, readonly PreparedFact[][]>): KeyClaim[] {
  return [...roundsOf].flatMap(([{ kind }, [first = []]]) =>
    first.filter(({ missingAtFirst }) => missingAtFirst.length === 0).map(({ id, at }) => ({ kind, id, at })),
  );
}

/** From when on each fact of an organisation is kept. */
export async function retentionFloors(db: Db, orgId: string): Promise<Map<FactKind, Date>> {
  const { rows } = await sql<{ kind: FactKind; at: string }>`
    SELECT kind, at FROM retention_floors WHERE org_id = ${orgId}`.execute(db);
  return new Map(rows.map(({ kind, at }) => [kind, pgTime(at)]));
}

function article(noun: string): string {
  return /^[aeiou]/i.test(noun) ? `an ${noun}` : `a ${noun}`;
}
