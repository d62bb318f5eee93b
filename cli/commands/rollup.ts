import type { Command } from 'commander';
import type { RollupResult } from '../../shared/contracts/rollups.ts';
import { startRollup } from '../../shared/rollups/start-rollups.ts';
import { CliError } from '../cli-error.ts';
import { followRun, type RunOptions, runCommand } from '../runs/follow-run.ts';

/** `tidemark rollup`: refreshes what was written since the last rollup. */
export function registerRollup(program: Command): void {
  runCommand(program, 'rollup', 'refresh what was written since the last rollup, as it is done every minute').action(
    rollupCommand,
  );
}

async function rollupCommand(options: RunOptions): Promise<void> {
  const { orgId, result } = await followRun<RollupResult & { status?: string }>(options, startRollup);
  process.stdout.write(`${orgId}: ${result.buckets15m} buckets of 15 minutes refreshed\n`);
  if (result.failed > 0) throw new CliError(`${result.failed} facts were not refreshed; the worker's log says why.`);
}
