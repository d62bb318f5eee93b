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
  /** Already stored, nothing new. */
  duplicates: number;
  rejected: number;
  errors: RecordError[];
  records: StoredRecord[];
}

/**
 * Stores the valid records of a prepared batch in the caller's transaction. Facts are written in a fixed order, then
 * agents, then users, each ordered by id, which rules out deadlocks.
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
        const message = `is required for ${article(fact.noun)} that is not stored yet`;
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
    // The first round covers every id: it locks all rows of the batch in order, later rounds only a subset.
    for (const round of inRounds([...named, ...said])) await writeDimension(trx, dimension, orgId, round);
    // Records of users and agents count as merged, even if they repeat the stored values.
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

/** Records that can start a row are in the fact's first round only. */
function claimsOf(roundsOf: ReadonlyMap<Fact, readonly PreparedFact[][]>): KeyClaim[] {
  return [...roundsOf].flatMap(([{ kind }, [first = []]]) =>
    first.filter(({ missingAtFirst }) => missingAtFirst.length === 0).map(({ id, at }) => ({ kind, id, at })),
  );
}

/** Reads the retention floor of each fact of an organisation. */
export async function retentionFloors(db: Db, orgId: string): Promise<Map<FactKind, Date>> {
  const { rows } = await sql<{ kind: FactKind; at: string }>`
    SELECT kind, at FROM retention_floors WHERE org_id = ${orgId}`.execute(db);
  return new Map(rows.map(({ kind, at }) => [kind, pgTime(at)]));
}

function article(noun: string): string {
  return /^[aeiou]/i.test(noun) ? `an ${noun}` : `a ${noun}`;
}
