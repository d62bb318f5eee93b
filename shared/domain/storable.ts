/** PostgreSQL stores neither NUL characters nor lone surrogates; the fields that contain them are rejected. */
export function isStorable(text: string): boolean {
  return !text.includes('\u0000') && text.isWellFormed();
}
