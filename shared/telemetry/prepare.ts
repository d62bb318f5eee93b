import { v7 as uuidv7 } from 'uuid';
import { clip } from '../clip.ts';
import type { Privacy } from '../domain/privacy.ts';
import type { FieldError } from '../errors.ts';
import { type Dimension, dimensions } from '../facts/dimensions.ts';
import type { Row } from '../facts/fields.ts';
import { type Fact, type FactKind, factList } from '../facts/index.ts';
import { createPace } from '../pace.ts';
import { MAX_AHEAD_MS } from '../wire.ts';

/** The organisation of the telemetry and its privacy settings. */
export interface Receiver {
  orgId: string;
  privacy: Privacy;
  retentionFloors: ReadonlyMap<FactKind, Date>;
  /** The user id of a member, the only one that its records may have. */
  memberUserId: string | null;
}

export interface PreparedFact {
  index: number;
  id: string;
  at: Date;
  row: Row;
  missingAtFirst: readonly string[];
}

export interface PreparedDimension {
  index: number;
  id: string;
  asOf: Date;
  row: Row;
}

/** Why a record was rejected. */
interface RecordFault extends FieldError {
  /** `not-own`: a member sent a record of another user. */
  code?: 'not-own';
}

export interface RecordError extends RecordFault {
  index: number;
}

export interface PreparedBatch {
  facts: Map<Fact, PreparedFact[]>;
  dimensions: Map<Dimension, PreparedDimension[]>;
  /** Agents named by executions, one entry per agent with the latest values. */
  namedAgents: Map<string, PreparedDimension>;
  /** At most `MAX_ERRORS_PER_RECORD` of a record. */
  errors: RecordError[];
  /** Errors of records beyond those. */
  errorsOmitted: number;
}

/** An NDJSON line that is not valid JSON. It is rejected as one record, not with its batch. */
export class UnreadableRecord {
  /** The message for the client. */
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

const factByType = new Map(factList.map((fact) => [fact.recordType, fact]));
const dimensionByType = new Map(
  Object.values(dimensions).map((dimension) => [dimension.recordType as string, dimension]),
);
const RECORD_TYPES = [...factByType.keys(), ...dimensionByType.keys()].join(', ');

/** Maximum records per id in a batch. Each needs its own round, since records of one id are merged in sequence. */
const MAX_RECORDS_PER_ID = 100;

const MAX_ERRORS_PER_RECORD = 20;
/** Both quote the request. */
const MAX_FIELD_LENGTH = 200;
const MAX_MESSAGE_LENGTH = 500;

/**
 * Validates the records of a batch, applies the privacy settings and assigns ids and times, without database access.
 * Invalid records are reported by index and skipped; the others are kept.
 */
export function prepareBatch(raws: readonly unknown[], receiver: Receiver, receivedAt: Date): PreparedBatch {
  const batch = emptyBatch();
  for (const [index, raw] of raws.entries()) prepareRecord(batch, raw, index, receiver, receivedAt);
  return batch;
}

/** As `prepareBatch`, but yields to the event loop every few milliseconds. */
export async function prepareBatchInSlices(
  raws: readonly unknown[],
  receiver: Receiver,
  receivedAt: Date,
): Promise<PreparedBatch> {
  const batch = emptyBatch();
  const pace = createPace();
  for (const [index, raw] of raws.entries()) {
    prepareRecord(batch, raw, index, receiver, receivedAt);
    if (pace.isDue()) await pace.rest();
  }
  return batch;
}

function emptyBatch(): PreparedBatch {
  return { facts: new Map(), dimensions: new Map(), namedAgents: new Map(), errors: [], errorsOmitted: 0 };
}

function prepareRecord(batch: PreparedBatch, raw: unknown, index: number, receiver: Receiver, receivedAt: Date): void {
  const errors = addRecord(batch, raw, index, receiver, receivedAt);
  batch.errorsOmitted += Math.max(0, errors.length - MAX_ERRORS_PER_RECORD);
  for (const { field, message, ...code } of errors.slice(0, MAX_ERRORS_PER_RECORD)) {
    const clipped = { field: clip(field, MAX_FIELD_LENGTH), message: clip(message, MAX_MESSAGE_LENGTH) };
    batch.errors.push({ index, ...clipped, ...code });
  }
}

function addRecord(
  batch: PreparedBatch,
  raw: unknown,
  index: number,
  receiver: Receiver,
  receivedAt: Date,
): RecordFault[] {
  if (raw instanceof UnreadableRecord) return [{ field: '', message: raw.reason }];
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    return [{ field: '', message: 'a record must be a JSON object' }];
  }
  const { type, org_id: orgId, ...rest }: { type?: unknown; org_id?: unknown; [field: string]: unknown } = { ...raw };
  if (orgId !== undefined && orgId !== receiver.orgId) {
    return [{ field: 'org_id', message: 'is not the organisation of the credential; leave it out' }];
  }
  const fact = factByType.get(String(type));
  if (fact) return addFact(batch, fact, rest, index, receiver, receivedAt);
  const dimension = dimensionByType.get(String(type));
  if (dimension) return addDimension(batch, dimension, rest, index, receiver, receivedAt);
  return [{ field: 'type', message: `must be one of ${RECORD_TYPES}` }];
}

function addFact(
  batch: PreparedBatch,
  fact: Fact,
  raw: Record<string, unknown>,
  index: number,
  receiver: Receiver,
  receivedAt: Date,
): RecordFault[] {
  const notOwn = claimForMember(fact, raw, receiver);
  if (notOwn) return [notOwn];
  const result = fact.read(raw, { receivedAt, privacy: receiver.privacy });
  if (!result.ok) return result.errors;
  const { record } = result;
  const endedAt = record.row.ended_at instanceof Date ? record.row.ended_at : undefined;
  const at = record.at ?? endedAt ?? receivedAt;
  const faults = [
    ...timeFaults(fact.timeColumn, at, receivedAt),
    ...(endedAt ? timeFaults('ended_at', endedAt, receivedAt) : []),
  ];
  if (endedAt && record.at && endedAt < record.at) {
    faults.push({ field: 'ended_at', message: `is before ${fact.timeColumn}` });
  }
  const from = receiver.retentionFloors.get(fact.kind);
  if (from && at < from) faults.push(tooOld(fact, from));
  if (faults.length > 0) return faults;

  const id = record.id ?? uuidv7();
  const prepared = listOf(batch.facts, fact);
  prepared.push({ index, id, at, row: record.row, missingAtFirst: record.missingAtFirst });
  const agentId = record.agent?.agent_id;
  if (record.agent && typeof agentId === 'string') nameAgent(batch, agentId, record.agent, at, index);
  return [];
}

/** The error for a record before the organisation's retention floor. */
export function tooOld(fact: Fact, from: Date): FieldError {
  return { field: fact.timeColumn, message: `is before ${from.toISOString()}, the retention floor of ${fact.kind}` };
}

function timeFaults(field: string, at: Date, receivedAt: Date): FieldError[] {
  if (at.getTime() <= receivedAt.getTime() + MAX_AHEAD_MS) return [];
  return [{ field, message: 'is more than a day ahead of now; check the clock and the time zone' }];
}

function claimForMember(fact: Fact, raw: Record<string, unknown>, receiver: Receiver): RecordFault | null {
  if (receiver.memberUserId === null || !('user_id' in fact.columns)) return null;
  raw.user_id ??= receiver.memberUserId;
  if (raw.user_id === receiver.memberUserId) return null;
  return { code: 'not-own', field: 'user_id', message: 'must be the member itself; omit it' };
}

function addDimension(
  batch: PreparedBatch,
  dimension: Dimension,
  raw: Record<string, unknown>,
  index: number,
  receiver: Receiver,
  receivedAt: Date,
): RecordFault[] {
  if (receiver.memberUserId !== null && dimension.name === 'users' && raw.user_id !== receiver.memberUserId) {
    return [{ code: 'not-own', field: 'user_id', message: 'must be the member itself' }];
  }
  const result = dimension.read(raw, receiver.privacy);
  if (!result.ok) return result.errors;
  listOf(batch.dimensions, dimension).push({ index, id: result.id, asOf: receivedAt, row: result.row });
  return [];
}

function nameAgent(batch: PreparedBatch, id: string, said: Row, asOf: Date, index: number): void {
  const { agent_id: _, ...row } = said;
  const before = batch.namedAgents.get(id);
  if (!before) {
    batch.namedAgents.set(id, { index, id, asOf, row });
    return;
  }
  const [older, newer] = before.asOf <= asOf ? [before.row, row] : [row, before.row];
  const given = Object.entries(newer).filter(([, value]) => value !== undefined);
  before.row = { ...older, ...Object.fromEntries(given) };
  if (asOf > before.asOf) before.asOf = asOf;
}

function listOf<K, V>(map: Map<K, V[]>, key: K): V[] {
  const list = map.get(key) ?? [];
  map.set(key, list);
  return list;
}

/**
 * Splits records into rounds in which each id occurs once, because one statement cannot update a row twice. Records of
 * one id keep their order, except that one which can start a row goes first.
 */
export function inRounds<T extends { id: string; missingAtFirst?: readonly string[] }>(records: readonly T[]): T[][] {
  const begins = (record: T) => (record.missingAtFirst?.length ?? 0) === 0;
  const seen = new Map<string, T[]>();
  for (const record of records) listOf(seen, record.id).push(record);
  const rounds: T[][] = [];
  for (const sameId of seen.values()) {
    const first = sameId.findIndex(begins);
    const ordered = first > 0 ? [sameId[first], ...sameId.toSpliced(first, 1)] : sameId;
    ordered.forEach((record, n) => {
      if (!record) return;
      const round = rounds[n] ?? [];
      rounds[n] = round;
      round.push(record);
    });
  }
  return rounds;
}

/** Removes records beyond the maximum per id and reports them in `errors`. */
export function limitPerId(batch: PreparedBatch): void {
  for (const [fact, records] of batch.facts) {
    const counts = new Map<string, number>();
    batch.facts.set(
      fact,
      records.filter(({ id, index }) => {
        const n = (counts.get(id) ?? 0) + 1;
        counts.set(id, n);
        if (n <= MAX_RECORDS_PER_ID) return true;
        const message = `occurs in more than ${MAX_RECORDS_PER_ID} records of the batch; send the others in another batch`;
        batch.errors.push({ index, field: fact.idColumn, message });
        return false;
      }),
    );
  }
}
