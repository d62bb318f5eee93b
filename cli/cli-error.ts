/** Something the person at the terminal can put right: its message is one line that says what to do. */
export class CliError extends Error {
  override readonly name = 'CliError';
}

/** The first line of whatever was thrown, for a message that must stay one line. */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message || error.name : String(error);
  return message.trim().split('\n', 1)[0] ?? '';
}
