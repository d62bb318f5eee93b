import { z } from 'zod';
import { type PurgeTarget, RETENTION_KINDS, type RetentionDays, type RetentionKind } from '../contracts/retention.ts';
import type { FactKind } from '../facts/index.ts';

const MAX_DAYS = 36_500;

/** Days to keep; null keeps for ever. */
const days = z
  .number()
  .int()
  .min(1, 'must be at least 1 day, or null to keep all')
  .max(MAX_DAYS, `must not be more than ${MAX_DAYS} days; null keeps all`)
  .nullable();

/** The retention settings as they are changed: what is not named stays as it is. */
export const retentionChangesSchema = z.strictObject({
  events: days.optional(),
  executions: days.optional(),
  ai_usage: days.optional(),
  sessions: days.optional(),
  errors: days.optional(),
  api_calls: days.optional(),
  agent_workflows: days.optional(),
  rollups: days.optional(),
  reports: days.optional(),
  system_samples: days.optional(),
} satisfies Record<RetentionKind, z.ZodType>);

export type RetentionChanges = z.output<typeof retentionChangesSchema>;

/** The policy after a change; only kinds that are not kept for ever stand in it. */
export function changedRetention(policy: RetentionDays, changes: RetentionChanges): RetentionDays {
  const changed: RetentionDays = {};
  for (const kind of RETENTION_KINDS) {
    const wanted = changes[kind] === undefined ? policy[kind] : changes[kind];
    if (wanted !== undefined && wanted !== null) changed[kind] = wanted;
  }
  return changed;
}

/** The facts that a kind of policy removes, in order: what hangs on another goes before it. Empty for what is no fact. */
export function factsOf(kind: RetentionKind): readonly FactKind[] {
  switch (kind) {
    case 'executions':
      return ['tool_usages', 'executions'];
    case 'events':
    case 'ai_usage':
    case 'sessions':
    case 'errors':
    case 'api_calls':
    case 'agent_workflows':
      return [kind];
    case 'rollups':
    case 'reports':
    case 'system_samples':
      return [];
  }
}

/** The UTC midnight that lies so many days before that of `at`. */
export function cutoffOf(keptDays: number, at: Date): Date {
  return new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate() - keptDays));
}

/** What a policy removes at a time, in the order in which it is done. */
export function purgeTargets(policy: RetentionDays, at: Date): PurgeTarget[] {
  return RETENTION_KINDS.flatMap((kind) => {
    const keptDays = policy[kind];
    if (keptDays === undefined) return [];
    const cutoff = cutoffOf(keptDays, at).toISOString();
    const kinds: readonly string[] = factsOf(kind);
    return (kinds.length === 0 ? [kind] : kinds).map((name) => ({ name, kind, cutoff }));
  });
}
