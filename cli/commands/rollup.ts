import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { followRun, type RunOptions, runCommand } from '../runs/follow-run.ts';

/** `tidemark rollup`: refreshes the rollups of data written since the last refresh. */
export function registerRollup(program: Command): void {
  runCommand(program, 'rollup', 'refresh the rollups of new data, like the schedule that runs every minute').action(
    rollupCommand,
  );
}

async function rollupCommand(options: RunOptions): Promise<void> {
  const run = await followRun(options, 'rollup', (orgId) => ({ orgId }));
  if (run.status === 'cancelled') throw new CliError('Cancelled. The refreshed buckets are kept.');
  const { orgId, result } = run;
  process.stdout.write(`${orgId}: ${result.buckets15m} 15-minute buckets refreshed\n`);
  if (result.failed > 0) throw new CliError(`${result.failed} facts failed to refresh; see the worker's log.`);
}
