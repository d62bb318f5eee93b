/** Months are the grain of the fact tables' partitions; all of them in UTC. */

/** The first day of a time's month, `2026-11-01`. */
export function monthOf(at: Date): string {
  return `${at.getUTCFullYear()}-${String(at.getUTCMonth() + 1).padStart(2, '0')}-01`;
}

/** The first day of the month that lies `offset` months after that of `at`. */
export function monthAfter(at: Date, offset: number): string {
  return monthOf(new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + offset, 1)));
}

/** Facts older than this are refused unless an organisation's own floor says otherwise: no key makes hundreds of partitions. */
const FACTS_KEPT_FROM_MONTHS = 60;

/** Where a new organisation's facts begin. */
export function defaultRetentionFloor(createdAt: Date): Date {
  return new Date(`${monthAfter(createdAt, -FACTS_KEPT_FROM_MONTHS)}T00:00:00.000Z`);
}
