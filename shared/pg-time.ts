/** A time as PostgreSQL writes it, `2026-11-21 14:00:00.123+00`, read by the query builder as text. */
export function pgTime(text: string): Date {
  return new Date(text);
}
