import type { Command } from 'commander';
import type { VerifyResult } from '../../shared/contracts/rollups.ts';
import { startVerify } from '../../shared/rollups/start-rollups.ts';
import { CliError } from '../cli-error.ts';
import { followRun, type RunOptions, runCommand } from '../runs/follow-run.ts';

/** `tidemark verify`: compares the rollups with the facts, and exits with 1 where they differ. */
export function registerVerify(program: Command): void {
  runCommand(program, 'verify', 'compare the rollups with the facts, as it is done every week').action(verifyCommand);
}

async function verifyCommand(options: RunOptions): Promise<void> {
  const { orgId, result } = await followRun<VerifyResult & { status?: string }>(options, startVerify);
  const { daysChecked, daysSkipped, differenceCount, differences } = result;
  process.stdout.write(
    `${orgId}: ${daysChecked} days of facts compared, ${daysSkipped} skipped, ${differenceCount} differences\n`,
  );
  for (const { day, table, grain, missing, surplus } of differences) {
    process.stdout.write(
      `  ${day} ${table} (${grain}): ${missing} rows missing, ${surplus} that should not be there\n`,
    );
  }
  if (differenceCount > 0) {
    throw new CliError('The rollups differ. Make those days anew: POST /workflow-runs/backfill with "force": true.');
  }
}
