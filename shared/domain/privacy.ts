import { createHmac, hkdfSync } from 'node:crypto';
import { z } from 'zod';

/** Which personal data of telemetry an organisation stores. */
export const privacySettingsSchema = z.strictObject({
  store_query: z.boolean(),
  store_response: z.boolean(),
  max_text_length: z.number().int().min(0).max(1_000_000),
  anonymise_user_ids: z.boolean(),
  store_ip: z.boolean(),
});

export type PrivacySettings = z.output<typeof privacySettingsSchema>;

export const DEFAULT_PRIVACY: PrivacySettings = {
  store_query: true,
  store_response: true,
  max_text_length: 65_536,
  anonymise_user_ids: false,
  store_ip: true,
};

/** The settings as functions: what of a value may be stored. Undefined stays undefined, null is "not kept". */
export interface Privacy {
  userId(id: string | undefined): string | undefined;
  /** What someone asked or handed to a tool. */
  query(text: string | undefined): string | null | undefined;
  queryData<T>(data: T | undefined): T | null | undefined;
  /** What an agent or a tool answered. */
  response(text: string | undefined): string | null | undefined;
  responseData<T>(data: T | undefined): T | null | undefined;
  /** Any other free text: messages, stack traces. */
  text(text: string | undefined): string | undefined;
  /** Addresses and user agents. */
  origin(value: string | undefined): string | null | undefined;
  /** Names and e-mail addresses of users. */
  person<T>(value: T | undefined): T | null | undefined;
}

/**
 * @param secret the installation's SECRET; each organisation's pseudonyms are made with a key of its own (HKDF, RFC 5869),
 *   so equal user ids of two organisations do not look equal
 */
export function createPrivacy(settings: PrivacySettings, orgId: string, secret: string): Privacy {
  const key = settings.anonymise_user_ids
    ? Buffer.from(hkdfSync('sha256', secret, orgId, 'tidemark user pseudonyms', 32))
    : null;
  const text = (value: string) => truncate(value, settings.max_text_length);
  const keep = <T>(allowed: boolean, value: T | undefined) =>
    value === undefined ? undefined : allowed ? value : null;
  const keepText = (allowed: boolean, value: string | undefined) => {
    const kept = keep(allowed, value);
    return typeof kept === 'string' ? text(kept) : kept;
  };
  return {
    userId: (id) => (id === undefined || !key ? id : pseudonym(id, key)),
    query: (value) => keepText(settings.store_query, value),
    queryData: (value) => keep(settings.store_query, value),
    response: (value) => keepText(settings.store_response, value),
    responseData: (value) => keep(settings.store_response, value),
    text: (value) => (value === undefined ? undefined : text(value)),
    origin: (value) => keep(settings.store_ip, value),
    person: (value) => keep(!settings.anonymise_user_ids, value),
  };
}

/** The same user id always becomes the same pseudonym; 128 bits keep two users apart. */
function pseudonym(userId: string, key: Buffer): string {
  return `anon_${createHmac('sha256', key).update(userId).digest('base64url').slice(0, 22)}`;
}

/** Cuts at a character, never inside a surrogate pair. */
function truncate(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  const cut = text.slice(0, maxLength);
  return cut.isWellFormed() ? cut : cut.slice(0, -1);
}
