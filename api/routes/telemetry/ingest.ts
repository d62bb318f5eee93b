import { dbOf, type Entities } from '../../../shared/db/orm.ts';
import { createPrivacy } from '../../../shared/domain/privacy.ts';
import { TidemarkError, validationError } from '../../../shared/errors.ts';
import type { Row } from '../../../shared/facts/fields.ts';
import type { Fact } from '../../../shared/facts/index.ts';
import type { KeptAnswer } from '../../../shared/organisations/idempotency.ts';
import {
  prepareBatch,
  prepareBatchInSlices,
  type Receiver,
  type RecordError,
} from '../../../shared/telemetry/prepare.ts';
import { readFact } from '../../../shared/telemetry/read-fact.ts';
import { retentionFloors, type StoredRecord, storeBatch } from '../../../shared/telemetry/store-batch.ts';
import type { WriteOptions } from '../../../shared/telemetry/write-facts.ts';
import type { Answer, RequestContext } from '../../route.ts';

/** The organisation that receives the telemetry of this request, and its privacy settings. */
export async function receiverOf({ em, caller, deps }: RequestContext): Promise<Receiver> {
  const { orgId, role, userId } = caller.credential;
  return {
    orgId,
    privacy: createPrivacy(caller.privacy, orgId, deps.config.SECRET),
    retentionFloors: await retentionFloors(dbOf(em), orgId),
    memberUserId: role === 'member' ? userId : null,
  };
}

/** An answer must not be much longer than its request. */
const MAX_ERRORS = 1_000;

/** Stores the valid records of a batch and reports the others. */
export async function ingestMany(context: RequestContext, raws: readonly unknown[]) {
  const receiver = await receiverOf(context);
  const batch = await prepareBatchInSlices(raws, receiver, new Date());
  return context.deps.partitions.storeWith(dbOf(context.em), batch, () =>
    context.once(async (em) => {
      const { accepted, duplicates, rejected, errors } = await storeBatch(dbOf(em), receiver.orgId, batch);
      const shown = errors.slice(0, MAX_ERRORS).map(({ index, field, message }) => ({ index, field, message }));
      const omitted = batch.errorsOmitted + errors.length - shown.length;
      const more = omitted > 0 ? { errors_omitted: omitted } : {};
      return { status: 202 as const, body: { accepted, duplicates, rejected, errors: shown, ...more } };
    }),
  );
}

/**
 * Stores one record, or nothing.
 * @param present the answer from the outcome and the row
 * @throws TidemarkError `validation` with each invalid field, `forbidden` for a member's record of another user
 */
export async function ingestOne<Result extends Answer>(
  context: RequestContext,
  fact: Fact,
  fields: Row,
  present: (stored: StoredRecord, row: Row) => Result,
  mode: WriteOptions['mode'] = 'merge',
): Promise<Result | KeptAnswer> {
  if ('type' in fields) throw validationError([{ field: 'type', message: 'unknown field' }]);
  const receiver = await receiverOf(context);
  const batch = prepareBatch([{ ...fields, type: fact.recordType }], receiver, new Date());
  requireValid(batch.errors, fact.noun);
  const work = async (em: Entities) => {
    const db = dbOf(em);
    const result = await storeBatch(db, receiver.orgId, batch, mode);
    requireValid(result.errors, fact.noun);
    const stored = result.records.find(({ kind }) => kind === fact.kind);
    const row = stored ? await readFact(db, fact, receiver.orgId, stored.id) : null;
    if (!stored || !row) throw new Error(`The stored ${fact.noun} cannot be read`);
    return present(stored, row);
  };
  return context.deps.partitions.storeWith(dbOf(context.em), batch, () => context.once(work));
}

/** @throws TidemarkError `validation` with each invalid field, `forbidden` for a member's record of another user */
export function requireValid(recordErrors: readonly RecordError[], noun: string): void {
  if (recordErrors.length === 0) return;
  const errors = recordErrors.map(({ field, message }) => ({ field, message }));
  if (recordErrors.some(({ code }) => code === 'not-own')) {
    throw new TidemarkError('forbidden', 'A member can write its own records only.', { errors });
  }
  throw new TidemarkError('validation', `The ${noun} has invalid fields.`, { errors });
}
