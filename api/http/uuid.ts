import { TidemarkError } from '../../shared/errors.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** An id in a path; PostgreSQL would reject a text that is not a UUID. @throws TidemarkError `not-found` */
export function requireUuid(text: string, noun: string): string {
  if (isUuid(text)) return text;
  throw new TidemarkError('not-found', `No ${noun} ${text}.`);
}
