import { dbOf } from '../../../shared/db/orm.ts';
import { createPrivacy } from '../../../shared/domain/privacy.ts';
import { TidemarkError, validationError } from '../../../shared/errors.ts';
import type { Row } from '../../../shared/facts/fields.ts';
import type { Fact } from '../../../shared/facts/index.ts';
import { prepareBatch, type Receiver, type RecordError } from '../../../shared/telemetry/prepare.ts';
import { readFact } from '../../../shared/telemetry/read-fact.ts';
import {
  retentionFloors,
  type StoredRecord,
  type StoreResult,
  storeBatch,
} from '../../../shared/telemetry/store-batch.ts';
import type { WriteOptions } from '../../../shared/telemetry/write-facts.ts';
import type { Answer, RequestContext } from '../../route.ts';
import { presentFact } from './present.ts';

/** Whose telemetry this request sends, and what may be kept of it. */
export async function receiverOf({ em, caller, deps }: RequestContext): Promise<Receiver> {
  const { orgId, role, userId } = caller.credential;
  return {
    orgId,
    privacy: createPrivacy(caller.privacy, orgId, deps.config.SECRET),
    retentionFloors: await retentionFloors(dbOf(em), orgId),
    memberUserId: role === 'member' ? userId : null,
  };
}

/** Stores many records; the bad ones are named and the others are stored. */
export async function ingestMany(context: RequestContext, raws: readonly unknown[]): Promise<Answer> {
  const receiver = await receiverOf(context);
  const batch = prepareBatch(raws, receiver, new Date());
  return context.deps.partitions.storeWith(dbOf(context.em), batch, () =>
    context.once(async (em) => {
      const { accepted, duplicates, rejected, errors } = await storeBatch(dbOf(em), receiver.orgId, batch);
      return { status: 202, body: { accepted, duplicates, rejected, errors: errors.map(presentRecordError) } };
    }),
  );
}

/** What a route makes of a stored record. */
export type Present = (stored: StoredRecord, row: Row) => Answer;

/**
 * Stores one record, or nothing.
 * @throws TidemarkError `validation` that names each bad field
 */
export async function ingestOne(
  context: RequestContext,
  fact: Fact,
  fields: Record<string, unknown>,
  present: Present,
  mode: WriteOptions['mode'] = 'merge',
): Promise<Answer> {
  if ('type' in fields) throw validationError([{ field: 'type', message: 'is an unknown field; remove it' }]);
  const receiver = await receiverOf(context);
  const batch = prepareBatch([{ ...fields, type: fact.recordType }], receiver, new Date());
  requireGood(batch.errors, fact);
  const work: Parameters<RequestContext['once']>[0] = async (em) => {
    const db = dbOf(em);
    const result: StoreResult = await storeBatch(db, receiver.orgId, batch, mode);
    requireGood(result.errors, fact);
    const stored = result.records.find(({ kind }) => kind === fact.kind);
    const row = stored ? await readFact(db, fact, receiver.orgId, stored.id) : null;
    if (!stored || !row) throw new Error(`A ${fact.noun} was stored but cannot be read`);
    return present(stored, row);
  };
  return context.deps.partitions.storeWith(dbOf(context.em), batch, () => context.once(work));
}

/** 201 for a new record, 200 for one that was known, with the record as it stands now. */
export function presentStored(fact: Fact): Present {
  return ({ outcome }, row) => ({ status: outcome === 'stored' ? 201 : 200, body: presentFact(fact, row) });
}

function requireGood(errors: readonly RecordError[], fact: Fact): void {
  if (errors.length === 0) return;
  const notOwn = errors.find(({ code }) => code === 'not-own');
  if (notOwn)
    throw new TidemarkError('forbidden', 'A member can write its own records only.', { errors: [withoutCode(notOwn)] });
  throw new TidemarkError('validation', `The ${fact.noun} has fields that cannot be taken.`, {
    errors: errors.map(withoutCode),
  });
}

function withoutCode({ field, message }: RecordError) {
  return { field, message };
}

function presentRecordError({ index, field, message }: RecordError) {
  return { index, field, message };
}
