import { z } from 'zod';

/** Sent times may lie this far ahead of the server's clock: clients' clocks drift, a day is a fault. */
export const MAX_AHEAD_MS = 24 * 60 * 60 * 1000;

const MAX_JSON_DEPTH = 32;
const MAX_INTEGER = 2_147_483_647;

/** PostgreSQL stores neither NUL characters nor lone surrogates; both are refused where they stand. */
function isStorable(text: string): boolean {
  return !text.includes('\u0000') && text.isWellFormed();
}

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

/** An id that a client owns: 1 to 128 characters. */
export const id = () => storable(z.string().min(1).max(128));

/** A short text that is grouped or filtered by: a name, a kind, a path. */
export const label = (max = 256) => storable(z.string().min(1).max(max));

/** Free text of any length; the organisation's privacy settings decide whether and how much of it is kept. */
export const content = () => storable(z.string());

/** A time with offset, kept to the millisecond. */
export const time = () =>
  z.iso
    .datetime({ offset: true, error: 'must be an ISO 8601 time with Z or an offset, like 2026-01-31T09:30:00Z' })
    .transform((text) => new Date(text));

/** Any JSON value that PostgreSQL can hold. */
export const json = () =>
  z.unknown().superRefine((value, context) => {
    const fault = jsonFault(value, 0);
    if (fault) context.addIssue({ code: 'custom', message: fault });
  });

/** A JSON object that PostgreSQL can hold. */
export const jsonObject = () =>
  z.record(z.string(), z.unknown()).superRefine((value, context) => {
    const fault = jsonFault(value, 0);
    if (fault) context.addIssue({ code: 'custom', message: fault });
  });

/** A whole number of things that fits an integer column. */
export const count = () => z.number().int().min(0).max(MAX_INTEGER);

/** A number of tokens, up to what a JSON number holds exactly. */
export const tokens = () => z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

/** Milliseconds, fractions allowed, up to thirty years. */
export const milliseconds = () => z.number().min(0).max(1e12);

/** USD; a decimal number that is stored exact. */
export const usd = () => z.number().min(0).max(1e9);

export const httpStatus = () => z.number().int().min(100).max(599);

export const EXECUTION_STATUSES = ['in_progress', 'success', 'failure', 'timeout', 'cancelled'] as const;

export const ERROR_LEVELS = ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'] as const;

/** How something ran or runs; `completed` and `failed` of older clients are read as `success` and `failure`. */
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

/** Field names that older clients send, by the kind of time that the fact has. */
export const SPAN_ALIASES = { start_time: 'started_at', end_time: 'ended_at', timestamp: 'started_at' } as const;
export const MOMENT_ALIASES = { timestamp: 'occurred_at' } as const;
