import { z } from 'zod';
import type { PurgeTarget, RetentionDays } from '../contracts/retention.ts';
import { type FactKind, factList } from '../facts/index.ts';

const MAX_DAYS = 36_500;

/** The kinds of a retention policy: facts (dependent facts follow their parent) and derived tables. */
export const RETENTION_KINDS: readonly string[] = [
  ...factList
    .filter(({ belongsTo }) => belongsTo === undefined)
    .toSorted((a, b) => (a.purgeOrder < b.purgeOrder ? -1 : 1))
    .map(({ kind }) => kind),
  'rollups',
  'reports',
  'system_samples',
];

/** Days to keep; null keeps rows forever. */
const days = z
  .number()
  .int()
  .min(1, 'must be at least 1 day, or null to keep all')
  .max(MAX_DAYS, `must not be more than ${MAX_DAYS} days; null keeps all`)
  .nullable();

/** A change of the retention settings; omitted kinds do not change. */
export const retentionChangesSchema = z.strictObject(
  Object.fromEntries(RETENTION_KINDS.map((kind) => [kind, days.optional()])),
);

export type RetentionChanges = z.output<typeof retentionChangesSchema>;

/** Applies a change to a policy. Kinds that are kept forever are omitted. */
export function changedRetention(policy: RetentionDays, changes: RetentionChanges): RetentionDays {
  const changed: RetentionDays = {};
  for (const kind of RETENTION_KINDS) {
    const kept = changes[kind] === undefined ? policy[kind] : changes[kind];
    if (kept !== undefined && kept !== null) changed[kind] = kept;
  }
  return changed;
}

/** Lists the facts that a kind purges, dependent facts before their parent. Empty for derived kinds. */
export function factsOf(kind: string): readonly FactKind[] {
  const own = factList.filter((fact) => fact.kind === kind);
  return [...factList.filter(({ belongsTo }) => belongsTo === kind), ...own].map((fact) => fact.kind);
}

/** Returns the UTC midnight `keptDays` days before the day of `at`. */
export function cutoffOf(keptDays: number, at: Date): Date {
  return new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate() - keptDays));
}

/** Lists the purge targets of a policy at a time, in order. */
export function purgeTargets(policy: RetentionDays, at: Date): PurgeTarget[] {
  return RETENTION_KINDS.flatMap((kind) => {
    const keptDays = policy[kind];
    if (keptDays === undefined) return [];
    const cutoff = cutoffOf(keptDays, at).toISOString();
    const kinds = factsOf(kind);
    return (kinds.length === 0 ? [kind] : kinds).map((name) => ({ name, kind, cutoff }));
  });
}
