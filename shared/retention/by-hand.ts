import type { RetentionInput } from '../contracts/retention.ts';

/** Builds the input of a manually started cleanup, as of now. */
export function retentionByHand(
  asked: Pick<RetentionInput, 'orgId' | 'dryRun' | 'days' | 'actor' | 'actorRole'>,
): RetentionInput {
  return { ...asked, scheduledAt: new Date().toISOString(), dropsPartitions: true };
}
