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

/** Starts a log afresh; that of the run before stays beside it as `<name>.1`. */
export function beginLog(path: string): void {
  if (existsSync(path)) renameSync(path, `${path}.1`);
  closeSync(openSync(path, 'a', 0o600));
}

/**
 * Cuts a log that grew too long, keeping what it held as `<name>.1`. Its writer holds it open in append mode, so it
 * goes on at the new end.
 */
export function rotateLog(path: string): void {
  if (!existsSync(path) || statSync(path).size < mostBytes) return;
  copyFileSync(path, `${path}.1`);
  truncateSync(path, 0);
}

/** The last thing a log says, for the one line that tells why a process does not start. */
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
    // Not a structured line: said as it stands.
  }
  return line;
}
