import {
  closeSync,
  copyFileSync,
  existsSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
} from 'node:fs';

const mostBytes = 20 * 1024 * 1024;

/** Starts a new log; the previous one is kept as `<name>.1`. */
export function beginLog(path: string): void {
  if (existsSync(path)) renameSync(path, `${path}.1`);
  closeSync(openSync(path, 'a', 0o600));
}

/**
 * Truncates a log that is too long and keeps its content as `<name>.1`. The writer has it open in append mode, so it
 * continues at the new end.
 */
export function rotateLog(path: string): void {
  if (!existsSync(path) || statSync(path).size < mostBytes) return;
  copyFileSync(path, `${path}.1`);
  truncateSync(path, 0);
}

/** Returns the last message of a log, for the error of a process that fails to start. */
export function lastWords(path: string): string | undefined {
  if (!existsSync(path)) return undefined;
  const lines = readFileSync(path, 'utf8')
    .split('\n')
    .map((line) => line.trim());
  const telling = lines.filter((line) => line !== '' && !line.startsWith('at ') && !/^Node\.js v/.test(line));
  const errors = telling.filter((line) => /\b(FATAL|Error|"level":(50|60))\b/.test(line));
  const last = errors.at(-1) ?? telling.at(-1);
  return last === undefined ? undefined : messageOf(last).slice(0, 300);
}

function messageOf(line: string): string {
  try {
    const entry: unknown = JSON.parse(line);
    if (typeof entry === 'object' && entry !== null && 'msg' in entry) {
      const cause = 'err' in entry && typeof entry.err === 'object' && entry.err !== null ? entry.err : {};
      const detail = 'message' in cause && cause.message !== entry.msg ? `: ${String(cause.message)}` : '';
      return `${String(entry.msg)}${detail}`.replaceAll('\n', ' ');
    }
  } catch {
    // Not a structured line: returned unchanged.
  }
  return line;
}
