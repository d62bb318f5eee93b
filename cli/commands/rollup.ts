import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { followRun, type RunOptions, runCommand } from '../runs/follow-run.ts';

/** `tidemark rollup`: refreshes what was written since the last rollup. */
export function registerRollup(program: Command): void {
  runCommand(program, 'rollup', 'refresh what was written since the last rollup, as it is done every minute').action(
    rollupCommand,
  );
}

async function rollupCommand(options: RunOptions): Promise<void> {
  const run = await followRun(options, 'rollup', (orgId) => ({ orgId }));
  if (run.status === 'cancelled') throw new CliError('Cancelled; the refreshed buckets stay.');
  const { orgId, result } = run;
  process.stdout.write(`${orgId}: ${result.buckets15m} buckets of 15 minutes refreshed\n`);
  if (result.failed > 0) throw new CliError(`${result.failed} facts were not refreshed; the worker's log says why.`);
}
