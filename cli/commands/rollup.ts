import type { Command } from 'commander';
import type { RollupResult } from '../../shared/contracts/rollups.ts';
import { startRollup } from '../../shared/rollups/start-rollups.ts';
import { followRun, type RunOptions, runCommand } from '../runs/follow-run.ts';
import { StackError } from '../stack/stack-error.ts';

/** `tidemark rollup`: settles what was written since the last rollup. */
export function registerRollup(program: Command): void {
  runCommand(program, 'rollup', 'settle what was written since the last rollup, as it is done every minute').action(
    rollupCommand,
  );
}

async function rollupCommand(options: RunOptions): Promise<void> {
  const { orgId, result } = await followRun<RollupResult & { status?: string }>(options, startRollup);
  process.stdout.write(`${orgId}: ${result.quarters} quarters of an hour settled\n`);
  if (result.failed > 0) throw new StackError(`${result.failed} facts were not settled; the worker's log says why.`);
}
