import { validationError } from '../errors.ts';

/** Where a list goes on: after this row, in the order of time and id. */
export interface Position {
  at: Date;
  id: string;
}

/** An opaque text for a position. */
export function encodeCursor({ at, id }: Position): string {
  return Buffer.from(JSON.stringify([at.toISOString(), id])).toString('base64url');
}

/** @throws TidemarkError `validation` for a cursor that no list returned */
export function decodeCursor(cursor: string): Position {
  try {
    const [at, id]: unknown[] = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    const time = new Date(String(at));
    if (typeof id === 'string' && !id.includes('\u0000') && !Number.isNaN(time.getTime())) return { at: time, id };
  } catch {
    // Falls through to the one answer for every unreadable cursor.
  }
  throw validationError([{ field: 'cursor', message: 'invalid cursor' }]);
}
