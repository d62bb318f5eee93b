import { createHash, randomBytes } from 'node:crypto';
import type { Role, Scope } from './domain/roles.ts';

/** Who asks, as told by the credential alone. */
export interface Credential {
  keyId: string;
  orgId: string;
  role: Role;
  /** Whose a member's key is. */
  userId: string | null;
  /** Empty: all that the role may. */
  scopes: readonly Scope[];
  name: string;
}

export interface GeneratedApiKey {
  /** Shown once; never stored. */
  key: string;
  /** Enough of it to tell keys apart in a list. */
  prefix: string;
  hash: Buffer;
}

/** Makes an API key of 256 random bits: too many to guess, so a plain SHA-256 at rest is enough. */
export function generateApiKey(): GeneratedApiKey {
  const key = `tm_${randomBytes(32).toString('base64url')}`;
  return { key, prefix: key.slice(0, 11), hash: hashApiKey(key) };
}

export function hashApiKey(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
