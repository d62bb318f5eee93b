import { Command } from 'commander';
import { ConfigError, TidemarkError } from '../shared/errors.ts';
import { reasonOf } from './cli-error.ts';
import { registerCleanup } from './commands/cleanup.ts';
import { registerDemo } from './commands/demo.ts';
import { registerGenerateSystemMetrics } from './commands/generate-system-metrics.ts';
import { registerImport } from './commands/import.ts';
import { registerKeys } from './commands/keys.ts';
import { registerMigrate } from './commands/migrate.ts';
import { registerRollup } from './commands/rollup.ts';
import { registerStart } from './commands/start.ts';
import { registerVerify } from './commands/verify.ts';

const leastNode = 24;

/** Runs the command line. An error prints one line and exits with 1; DEBUG=tidemark prints the stack trace. */
async function main(): Promise<void> {
  if (Number.parseInt(process.versions.node, 10) < leastNode) {
    throw new Error(
      `Tidemark needs Node ${leastNode} or newer, but this is ${process.versions.node}: install it from https://nodejs.org and run npm ci again.`,
    );
  }
  const program = new Command('tidemark').description('Durable analytics for AI-agent platforms');
  registerStart(program);
  registerDemo(program);
  registerMigrate(program);
  registerKeys(program);
  registerImport(program);
  registerCleanup(program);
  registerRollup(program);
  registerVerify(program);
  registerGenerateSystemMetrics(program);
  await program.parseAsync();
}

/** Formats an error as one line. A ConfigError has one line for each variable. */
function explain(error: unknown): string {
  if (process.env.DEBUG === 'tidemark' && error instanceof Error && error.stack) return error.stack;
  if (error instanceof TidemarkError && error.errors.length > 0) {
    return error.errors.map(({ field, message }) => `${field}: ${message}`).join('; ');
  }
  return error instanceof ConfigError ? error.message : reasonOf(error);
}

try {
  await main();
} catch (error) {
  process.exitCode = 1;
  process.stderr.write(`${explain(error)}\n`);
}
