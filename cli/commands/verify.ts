import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { followRun, type RunOptions, runCommand } from '../runs/follow-run.ts';

/** `tidemark verify`: compares the rollups with the facts; exits with 1 on a difference. */
export function registerVerify(program: Command): void {
  runCommand(program, 'verify', 'compare the rollups with the facts, like the weekly schedule').action(verifyCommand);
}

async function verifyCommand(options: RunOptions): Promise<void> {
  const run = await followRun(options, 'verifyRollups', (orgId) => ({ orgId }));
  if (run.status === 'cancelled') throw new CliError('Cancelled before completion.');
  const { orgId, result } = run;
  const { daysChecked, daysSkipped, differenceCount, differences } = result;
  process.stdout.write(
    `${orgId}: ${daysChecked} days of facts compared, ${daysSkipped} skipped, ${differenceCount} differences\n`,
  );
  for (const { day, table, grain, missing, surplus } of differences) {
    process.stdout.write(`  ${day} ${table} (${grain}): ${missing} rows missing, ${surplus} surplus\n`);
  }
  if (differenceCount > 0) {
    throw new CliError('The rollups differ. Recompute those days: POST /workflow-runs/backfill with "force": true.');
  }
}
