/** What somebody decided about a group of equal errors; a group that nobody touched is open. */
export const ERROR_STATUSES = ['open', 'resolved', 'ignored'] as const;
export type ErrorStatus = (typeof ERROR_STATUSES)[number];
