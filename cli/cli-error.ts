/** An error that the user can fix. The message is one line and says how. */
export class CliError extends Error {
  override readonly name = 'CliError';
}

/** Returns the first line of a thrown value's message, for one-line messages. */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message || error.name : String(error);
  return message.trim().split('\n', 1)[0] ?? '';
}
