import { z } from 'zod';
import { isStorable } from './domain/storable.ts';

/** How far client times may be ahead of the server's clock: allows for clock drift, rejects more as an error. */
export const MAX_AHEAD_MS = 24 * 60 * 60 * 1000;

const MAX_JSON_DEPTH = 32;
const MAX_INTEGER = 2_147_483_647;

function jsonFault(value: unknown, depth: number): string | null {
  if (typeof value === 'string') return isStorable(value) ? null : 'holds a NUL character or half a surrogate pair';
  if (typeof value === 'number') return Number.isFinite(value) ? null : 'holds a number out of range';
  if (value === null || typeof value !== 'object') return null;
  if (depth >= MAX_JSON_DEPTH) return `is nested deeper than ${MAX_JSON_DEPTH} levels`;
  for (const [key, child] of Object.entries(value)) {
    if (!isStorable(key)) return 'has a key with a NUL character or half a surrogate pair';
    const fault = jsonFault(child, depth + 1);
    if (fault) return fault;
  }
  return null;
}

const storable = (schema: z.ZodString) =>
  schema.refine(isStorable, { error: 'holds a NUL character or half a surrogate pair', abort: true });

/** A client-assigned id: 1 to 128 characters. */
export const id = () => storable(z.string().min(1).max(128));

/** A short text for grouping and filtering, such as a name, a kind or a path: 1 to `max` characters. */
export const label = (max = 256) => storable(z.string().min(1).max(max));

/** Free text of any length; the organisation's privacy settings determine whether and how much of it is stored. */
export const content = () => storable(z.string());

/** An ISO 8601 time with offset, in millisecond precision. */
export const time = () =>
  z.iso
    .datetime({ offset: true, error: 'must be an ISO 8601 time with Z or an offset, like 2026-01-31T09:30:00Z' })
    .transform((text) => new Date(text));

/** Any JSON value that PostgreSQL can store, nested up to 32 levels. */
export const json = () =>
  z.unknown().superRefine((value, context) => {
    const fault = jsonFault(value, 0);
    if (fault) context.addIssue({ code: 'custom', message: fault });
  });

/** A JSON object that PostgreSQL can store, nested up to 32 levels. */
export const jsonObject = () =>
  z.record(z.string(), z.unknown()).superRefine((value, context) => {
    const fault = jsonFault(value, 0);
    if (fault) context.addIssue({ code: 'custom', message: fault });
  });

/** A count that fits an integer column: 0 to 2,147,483,647. */
export const count = () => z.number().int().min(0).max(MAX_INTEGER);

/** A token count, up to the largest integer that a JSON number represents exactly. */
export const tokens = () => z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

/** A duration in milliseconds, with fractions, up to thirty years. */
export const milliseconds = () => z.number().min(0).max(1e12);

/** An amount in USD, stored as an exact decimal. */
export const usd = () => z.number().min(0).max(1e9);

export const httpStatus = () => z.number().int().min(100).max(599);

export const EXECUTION_STATUSES = ['in_progress', 'success', 'failure', 'timeout', 'cancelled'] as const;

export const ERROR_LEVELS = ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'] as const;

/** The status of an execution. Reads `completed` and `failed` of older clients as `success` and `failure`. */
export const status = () =>
  z
    .preprocess((value) => {
      if (value === 'completed') return 'success';
      if (value === 'failed') return 'failure';
      return value;
    }, z.enum(EXECUTION_STATUSES))
    .meta({
      enum: [...EXECUTION_STATUSES, 'completed', 'failed'],
      description: '`completed` and `failed` are read as `success` and `failure`.',
    });

/** Field names of older clients, for facts with a time span and for facts with a single time. */
export const SPAN_ALIASES = { start_time: 'started_at', end_time: 'ended_at', timestamp: 'started_at' } as const;
export const MOMENT_ALIASES = { timestamp: 'occurred_at' } as const;
