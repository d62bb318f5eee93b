import type { Context } from 'koa';
import { dbOf, type Entities } from '../shared/db/orm.ts';
import { inTransaction } from '../shared/db/transaction.ts';
import { validationError } from '../shared/errors.ts';
import { recordAudit } from '../shared/organisations/audit.ts';
import { answerOnce } from '../shared/organisations/idempotency.ts';
import type { Dependencies } from './dependencies.ts';
import { relativePath } from './http/base-path.ts';
import type { RequestBody } from './http/body.ts';
import { clientLeft } from './http/client-left.ts';
import type { Caller, RequestContext } from './route.ts';

const MAX_IDEMPOTENCY_KEY_LENGTH = 255;

interface Request {
  em: Entities;
  caller: Caller;
  body: RequestBody;
}

/** What a handler may use of a request, and of the API. */
export function requestContext(ctx: Context, deps: Dependencies, { em, caller, body }: Request): RequestContext {
  const header = (name: string) => ctx.get(name) || undefined;
  return {
    deps,
    em,
    caller,
    origin: { ip: ctx.ip, userAgent: header('user-agent'), url: `${ctx.protocol}://${ctx.host}` },
    header,
    accepts: (...types) => {
      const accepted = ctx.accepts(...types);
      return types.find((type) => type === accepted);
    },
    clientLeft: () => clientLeft(ctx.res),
    audit: (inner, action, target, details) =>
      recordAudit(dbOf(inner), {
        orgId: caller.credential.orgId,
        actor: caller.credential.userId ?? caller.credential.name,
        actorRole: caller.credential.role,
        action,
        target,
        details,
        ipAddress: caller.privacy.store_ip ? ctx.ip : null,
      }),
    once: async (work) => {
      const key = header('idempotency-key');
      if (key === undefined) return inTransaction(em, (_, inner) => work(inner));
      if (key.length > MAX_IDEMPOTENCY_KEY_LENGTH) {
        const message = `must not exceed ${MAX_IDEMPOTENCY_KEY_LENGTH} characters`;
        throw validationError([{ field: 'Idempotency-Key', message }]);
      }
      const { userId } = caller.credential;
      // Members of an organisation may choose the same key.
      const fingerprint = [ctx.method, relativePath(ctx), ...(userId === null ? [] : [userId]), body.bytes];
      return answerOnce(em, { orgId: caller.credential.orgId, key, fingerprint }, work);
    },
  };
}
