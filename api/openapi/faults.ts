import { z } from 'zod';
import { type ProblemCode, statusOf } from '../http/problem-codes.ts';
import type { Route } from '../route.ts';

/** RFC 9457, as written by api/http/problems.ts. */
export const problemSchema = z
  .object({
    type: z.string().meta({ description: 'Stable: `urn:tidemark:problem:<code>`.' }),
    title: z.string().meta({ description: 'A message for people; its wording may change.' }),
    status: z.number().int().meta({ description: 'The HTTP status.' }),
    errors: z
      .array(
        z.object({
          index: z.number().int().optional().meta({ description: 'Index of the record in a batch.' }),
          field: z.string().meta({ description: 'The field as sent; empty for the whole body.' }),
          message: z.string(),
        }),
      )
      .optional()
      .meta({ description: 'One entry for each invalid field.' }),
  })
  .meta({ id: 'Problem', description: 'A problem document (RFC 9457).' });

/** The description of each problem. */
export const FAULTS: Readonly<Record<ProblemCode, string>> = {
  validation: 'A parameter or field is invalid; `errors` lists each.',
  unauthenticated: 'The credential is missing, unknown or expired.',
  forbidden: 'The role, scopes or organisation of the credential do not permit this.',
  'not-found': 'The organisation has no such object.',
  'method-not-allowed': 'The path does not support this method.',
  'not-acceptable': 'The answer has none of the content types of `Accept`.',
  'request-timeout': 'The body arrived too slowly; nothing was stored.',
  conflict: 'The state of the object does not permit this.',
  gone: 'The object existed and was removed.',
  'too-large': 'The body, or the number of its records, exceeds the limit.',
  'unsupported-media-type': 'The content type or encoding of the body is not supported.',
  'range-not-satisfiable': 'The range is outside of the file.',
  'idempotency-mismatch': 'This `Idempotency-Key` was used for another request.',
  'rate-limited':
    'The credential, its organisation or (with invalid credentials) the address exceeded its limit of the minute.',
  overloaded: 'Too many requests are in progress; nothing was stored.',
  unavailable: 'The database or Temporal is unavailable; nothing was started.',
};

/** The problems of a route by status: those that follow from its declaration, and those that it lists. */
export function faultsOf(route: Route): ReadonlyMap<number, readonly ProblemCode[]> {
  const codes: ProblemCode[] = ['validation'];
  if (route.access !== 'none') {
    codes.push('unauthenticated', 'forbidden', 'rate-limited', 'unavailable');
    if (route.access.scope === 'telemetry' || route.body !== undefined) codes.push('overloaded');
  }
  if (route.path.includes(':')) codes.push('not-found');
  if (route.body !== undefined) codes.push('request-timeout', 'too-large', 'unsupported-media-type');
  if (route.takesIdempotencyKey) codes.push('idempotency-mismatch');
  codes.push(...route.faults);
  return Map.groupBy(new Set(codes), statusOf);
}
