import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';

/** What a link lets anyone do who has it: GET this path of this organisation, until then. */
export interface LinkGrant {
  /** Below the base path. */
  path: string;
  orgId: string;
  expiresAt: Date;
}

const linkQuerySchema = z.object({
  org_id: z.string(),
  expires: z.string().regex(/^\d{1,10}$/),
  signature: z.string(),
});

/** The query that makes a path a link that needs no credential. */
export function signedQuery(secret: string, { path, orgId, expiresAt }: LinkGrant): string {
  const expires = String(Math.floor(expiresAt.getTime() / 1000));
  const signature = signatureOf(secret, path, orgId, expires).toString('base64url');
  return new URLSearchParams({ org_id: orgId, expires, signature }).toString();
}

/** The organisation whose link this is; null where the link was never signed like this, or is over. */
export function verifySignedQuery(secret: string, path: string, query: unknown, now: Date): string | null {
  const parsed = linkQuerySchema.safeParse(query);
  if (!parsed.success) return null;
  const { org_id: orgId, expires, signature } = parsed.data;
  const given = Buffer.from(signature, 'base64url');
  const wanted = signatureOf(secret, path, orgId, expires);
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return null;
  return Number(expires) * 1000 > now.getTime() ? orgId : null;
}

function signatureOf(secret: string, path: string, orgId: string, expires: string): Buffer {
  // A key of its own: what signs links tells nothing of what makes pseudonyms.
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'tidemark: signed links', 32));
  return createHmac('sha256', key)
    .update(JSON.stringify([path, orgId, expires]))
    .digest();
}
