import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';

/** What a signed link permits: GET of one path in one organisation until it expires. */
export interface LinkGrant {
  /** Relative to the base path. */
  path: string;
  orgId: string;
  expiresAt: Date;
}

const linkQuerySchema = z.object({
  org_id: z.string(),
  expires: z.string().regex(/^\d{1,10}$/),
  signature: z.string(),
});

/** The query string that turns a path into a link without a credential. */
export function signedQuery(secret: string, { path, orgId, expiresAt }: LinkGrant): string {
  const expires = String(Math.floor(expiresAt.getTime() / 1000));
  const signature = signatureOf(secret, path, orgId, expires).toString('base64url');
  return new URLSearchParams({ org_id: orgId, expires, signature }).toString();
}

/** The organisation of a link; null where its signature is invalid or it has expired. */
export function verifySignedQuery(secret: string, path: string, query: unknown, now: Date): string | null {
  const parsed = linkQuerySchema.safeParse(query);
  if (!parsed.success) return null;
  const { org_id: orgId, expires, signature } = parsed.data;
  const given = Buffer.from(signature, 'base64url');
  const expected = signatureOf(secret, path, orgId, expires);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
  return Number(expires) * 1000 > now.getTime() ? orgId : null;
}

function signatureOf(secret: string, path: string, orgId: string, expires: string): Buffer {
  // A derived key: signatures reveal nothing about the keys of pseudonyms.
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'tidemark: signed links', 32));
  return createHmac('sha256', key)
    .update(JSON.stringify([path, orgId, expires]))
    .digest();
}
