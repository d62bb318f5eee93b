import { createHash } from 'node:crypto';

/** Frames of a stack that count; deeper ones differ by who called. */
const MAX_FRAMES = 5;

export interface FingerprintedError {
  message: string;
  exception_type?: string | null | undefined;
  stack_trace?: string | null | undefined;
}

/** The basis of an error's group. */
export interface Grouping {
  fingerprint: string;
  /** What was hashed, one entry a part that is not empty. */
  basis: { part: 'exception_type' | 'message' | 'frames'; value: string }[];
  explanation: string;
}

/**
 * Groups equal errors: the exception's type, the message without what varies from one occurrence to the next
 * (ids, numbers, addresses, quoted values) and the stack's frames without line numbers.
 * @returns 32 hexadecimal characters
 */
export function errorFingerprint(error: FingerprintedError): string {
  return hash(parts(error));
}

/** Says what an error was grouped by, from what is stored of it. */
export function explainGrouping(fingerprint: string, stored: FingerprintedError): Grouping {
  const { exception_type, message, frames } = parts(stored);
  const basis: Grouping['basis'] = [
    { part: 'exception_type', value: exception_type } as const,
    { part: 'message', value: message } as const,
    { part: 'frames', value: frames } as const,
  ].filter(({ value }) => value !== '');
  const told = [
    exception_type === '' ? 'no exception type' : 'the same exception type',
    'the same message once quoted values, ids and numbers are taken out',
    frames === '' ? 'no stack frames' : `the same first ${MAX_FRAMES} frames of the stack without line numbers`,
  ];
  const isWhole = hash({ exception_type, message, frames }) === fingerprint;
  const difference = isWhole
    ? ''
    : ' The stored values differ from the hashed ones: privacy settings shortened them, or a later record completed them.';
  return { fingerprint, basis, explanation: `Grouped by: ${told.join(', ')}.${difference}` };
}

interface Parts {
  exception_type: string;
  message: string;
  frames: string;
}

function parts(error: FingerprintedError): Parts {
  return {
    exception_type: error.exception_type ?? '',
    message: withoutVariables(error.message),
    frames: frames(error.stack_trace ?? ''),
  };
}

function hash({ exception_type, message, frames }: Parts): string {
  return createHash('sha256').update([exception_type, message, frames].join('\u0001')).digest('hex').slice(0, 32);
}

function withoutVariables(message: string): string {
  return message
    .slice(0, 2000)
    .replace(/"[^"]*"|'[^']*'|`[^`]*`/g, '<value>')
    .replace(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, '<id>')
    .replace(/\b(?=[0-9a-f]*[0-9])[0-9a-f]{8,}\b/gi, '<id>')
    .replace(/\d+/g, '<n>')
    .replace(/\s+/g, ' ')
    .trim();
}

function frames(stack: string): string {
  return stack
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => /^at |^File /.test(line))
    .slice(0, MAX_FRAMES)
    .map((line) => line.replace(/:\d+|line \d+/g, ''))
    .join('\n');
}
