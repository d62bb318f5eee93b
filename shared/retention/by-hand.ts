import type { RetentionInput } from '../contracts/retention.ts';

/** The input of a cleanup that somebody starts by hand, as of now. */
export function retentionByHand(
  asked: Pick<RetentionInput, 'orgId' | 'dryRun' | 'days' | 'actor' | 'actorRole'>,
): RetentionInput {
  return { ...asked, scheduledAt: new Date().toISOString(), dropsPartitions: true };
}
