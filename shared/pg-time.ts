/** Parses a time in PostgreSQL's text format, `2026-11-21 14:00:00.123+00`, as which the query builder returns it. */
export function pgTime(text: string): Date {
  return new Date(text);
}
