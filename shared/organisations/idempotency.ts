import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { Db, Entities } from '../db/orm.ts';
import { inTransaction } from '../db/transaction.ts';
import { TidemarkError } from '../errors.ts';

/** How long the first response is stored. */
const IDEMPOTENCY_KEPT_HOURS = 48;

/** A response that can be stored. */
interface AnswerToKeep {
  status: number;
  body?: object;
  /** Body fields that are not stored, such as secrets; a repeated request does not return them. */
  secrets?: readonly string[];
}

/** The stored first response, returned for a repeated request. */
export class KeptAnswer {
  readonly answer: Readonly<{ status: number; body: object }>;

  constructor(answer: { status: number; body: object }) {
    this.answer = answer;
  }
}

export interface IdempotentRequest {
  orgId: string;
  key: string;
  /** Method, path and body: equal for a repeated request. */
  fingerprint: readonly (string | Buffer)[];
}

/**
 * Runs `work` and stores its response under the request's key in one transaction. Of two concurrent requests with one
 * key, the second waits and gets the response of the first.
 * @throws TidemarkError `idempotency-mismatch` if the key was used for another request
 */
export async function answerOnce<Answer extends AnswerToKeep>(
  em: Entities,
  request: IdempotentRequest,
  work: (em: Entities) => Promise<Answer>,
): Promise<Answer | KeptAnswer> {
  const hash = createHash('sha256');
  for (const part of request.fingerprint) hash.update(part).update('\n');
  const requestSha256 = hash.digest();
  return inTransaction(em, async (db, inner) => {
    const claimed = await db
      .insertInto('idempotency_keys')
      .values({ org_id: request.orgId, key: request.key, request_sha256: requestSha256 })
      .onConflict((conflict) => conflict.doNothing())
      .returning('key')
      .executeTakeFirst();
    if (!claimed) return firstAnswer(db, request, requestSha256);
    const answer = await work(inner);
    await db
      .updateTable('idempotency_keys')
      .set({ answer: JSON.stringify({ status: answer.status, body: withoutSecrets(answer) }) })
      .where('org_id', '=', request.orgId)
      .where('key', '=', request.key)
      .execute();
    return answer;
  });
}

function withoutSecrets({ body = {}, secrets = [] }: AnswerToKeep): object {
  return Object.fromEntries(Object.entries(body).filter(([field]) => !secrets.includes(field)));
}

async function firstAnswer(db: Db, request: IdempotentRequest, requestSha256: Buffer): Promise<KeptAnswer> {
  const first = await db
    .selectFrom('idempotency_keys')
    .select(['request_sha256', 'answer'])
    .where('org_id', '=', request.orgId)
    .where('key', '=', request.key)
    .executeTakeFirst();
  if (first?.answer && first.request_sha256.equals(requestSha256)) return new KeptAnswer(first.answer);
  throw new TidemarkError('idempotency-mismatch', 'The Idempotency-Key was used for another request.');
}

/** Deletes the key of a failed request so that it can be retried. */
export async function forgetIdempotencyKey(db: Db, orgId: string, key: string): Promise<void> {
  await db.deleteFrom('idempotency_keys').where('org_id', '=', orgId).where('key', '=', key).execute();
}

/** Deletes up to `limit` expired keys. @returns the number deleted */
export async function purgeIdempotencyKeys(db: Db, limit: number): Promise<number> {
  const { rows } = await sql`
    DELETE FROM idempotency_keys WHERE (org_id, key) IN (
      SELECT org_id, key FROM idempotency_keys
      WHERE created_at < now() - make_interval(hours => ${IDEMPOTENCY_KEPT_HOURS}) LIMIT ${limit}
    ) RETURNING key`.execute(db);
  return rows.length;
}
