import { createHash } from 'node:crypto';

export interface FingerprintedError {
  message: string;
  exception_type?: string | undefined;
  stack_trace?: string | undefined;
}

/**
 * Groups equal errors: the exception's type, the message without what varies from one occurrence to the next
 * (ids, numbers, addresses, quoted values) and the stack's frames without line numbers.
 * @returns 32 hexadecimal characters
 */
export function errorFingerprint(error: FingerprintedError): string {
  return createHash('sha256')
    .update([error.exception_type ?? '', withoutVariables(error.message), frames(error.stack_trace)].join('\u0001'))
    .digest('hex')
    .slice(0, 32);
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

function frames(stack: string | undefined): string {
  if (!stack) return '';
  return stack
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => /^at |^File /.test(line))
    .slice(0, 5)
    .map((line) => line.replace(/:\d+|line \d+/g, ''))
    .join('\n');
}
