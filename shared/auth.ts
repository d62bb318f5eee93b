import { createHash, randomBytes } from 'node:crypto';
import type { Role, Scope } from './domain/roles.ts';

/** The identity and rights of a request, taken from its credential alone. */
export interface Credential {
  keyId: string;
  orgId: string;
  role: Role;
  /** The user whom a member's credential belongs to; null for other roles. */
  userId: string | null;
  /** Empty: all scopes of the role. */
  scopes: readonly Scope[];
  name: string;
}

export interface GeneratedApiKey {
  /** Shown once; never stored. */
  key: string;
  /** The first 11 characters, to tell keys apart in a list. */
  prefix: string;
  hash: Buffer;
}

/** Generates an API key of 256 random bits. Brute force is infeasible, so an unsalted SHA-256 at rest is enough. */
export function generateApiKey(): GeneratedApiKey {
  const key = `tm_${randomBytes(32).toString('base64url')}`;
  return { key, prefix: key.slice(0, 11), hash: hashApiKey(key) };
}

/** The SHA-256 of a key, as stored. */
export function hashApiKey(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
