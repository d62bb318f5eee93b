import { z } from 'zod';
import { type ProblemCode, statusOf } from '../http/problem-codes.ts';
import type { Route } from '../route.ts';

/** RFC 9457, as `api/http/problems.ts` writes it. */
export const problemSchema = z
  .object({
    type: z.string().meta({ description: 'Stable: `urn:tidemark:problem:<code>`.' }),
    title: z.string().meta({ description: 'What went wrong, for people; its words may change.' }),
    status: z.number().int().meta({ description: 'The HTTP status again.' }),
    errors: z
      .array(
        z.object({
          index: z.number().int().optional().meta({ description: 'Which record of several.' }),
          field: z.string().meta({ description: 'As it was sent; empty for the body as a whole.' }),
          message: z.string(),
        }),
      )
      .optional()
      .meta({ description: 'One entry a bad field.' }),
  })
  .meta({ id: 'Problem', description: 'What went wrong (RFC 9457).' });

/** What each fault tells a client. */
export const FAULTS: Readonly<Record<ProblemCode, string>> = {
  validation: 'A parameter or field cannot be taken; `errors` names each.',
  unauthenticated: 'No credential in force was sent.',
  forbidden: 'The credential’s role, scopes or organisation do not reach this.',
  'not-found': 'There is nothing of this name in the organisation.',
  'method-not-allowed': 'This path does not take that method.',
  conflict: 'It is not in a state that allows this.',
  gone: 'It was there and is there no more.',
  'too-large': 'The body, or the number of records in it, is over the limit.',
  'unsupported-media-type': 'The content type or encoding of the body is not one that is read.',
  'range-not-satisfiable': 'The file has no such bytes.',
  'idempotency-mismatch': 'This `Idempotency-Key` was used for another request.',
  'rate-limited': 'The credential’s share of this minute is used up.',
  overloaded: 'Too much is under way; nothing was read.',
  unavailable: 'The database or Temporal is out of reach; nothing was begun.',
};

/** The faults that a call can answer with: those that follow from its declaration, and those that it names. */
export function faultsOf(route: Route): ReadonlyMap<number, readonly ProblemCode[]> {
  const codes: ProblemCode[] = ['validation'];
  if (route.access !== 'none') {
    codes.push('unauthenticated', 'forbidden', 'rate-limited', 'unavailable');
    if (route.access.scope === 'telemetry') codes.push('overloaded');
  }
  if (route.path.includes(':')) codes.push('not-found');
  if (route.body !== 'none') codes.push('too-large', 'unsupported-media-type');
  if (route.takesIdempotencyKey) codes.push('idempotency-mismatch');
  codes.push(...route.faults);
  return Map.groupBy(new Set(codes), statusOf);
}
