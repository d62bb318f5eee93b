/** A time as PostgreSQL writes it, `2026-11-21 14:00:00.123+00`, read by the query builder as text. */
export function pgTime(text: string): Date {
  return new Date(text);
}

export function pgTimeOrNull(text: string | null): Date | null {
  return text === null ? null : new Date(text);
}
