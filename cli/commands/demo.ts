import { type Command, InvalidArgumentError } from 'commander';
import { BASE_PATH } from '../../api/http/base-path.ts';
import { closingWords } from '../demo/closing-words.ts';
import { runDemo } from '../demo/demo.ts';
import { type DevFile, readDevFile } from '../stack/dev-file.ts';
import { createReporter, type Reporter } from '../stack/reporter.ts';
import { type Stack, startStack } from '../stack/stack.ts';

const stopSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const exitAfterSignal = 130;
const answerWithinMs = 2_000;

interface Options {
  folder: string;
  records: number;
}

/** `tidemark demo`: sends a month of sample telemetry, makes a report and downloads its file. */
export function registerDemo(program: Command): void {
  program
    .command('demo')
    .description('fill a stack with a month of sample telemetry and make a report of it')
    .option('--folder <path>', 'folder of the stack; a running stack is used and not stopped', '.tidemark')
    .option('--records <count>', 'approximate number of records', parseCount, 50_000)
    .action(demo);
}

async function demo({ folder, records }: Options): Promise<void> {
  const report = createReporter(process.stdout);
  const stopAsked = new AbortController();
  const onSignal = (signal: NodeJS.Signals) => {
    if (stopAsked.signal.aborted) return;
    stopAsked.abort();
    report.line(`Stopping (${signal}) …`);
  };
  for (const signal of stopSignals) process.on(signal, onSignal);
  try {
    await withStack(folder, report, stopAsked.signal, async (dev, keepsRunning) => {
      const { signal } = stopAsked;
      const result = await runDemo({ dev, folder, records, output: process.stdout, signal });
      for (const line of closingWords({ result, dev, folder, keepsRunning })) report.line(line);
    });
  } catch (error) {
    // An abort is not an error: all started processes have stopped by now.
    if (!stopAsked.signal.aborted) throw error;
    report.line('Stopped.');
    process.exitCode = exitAfterSignal;
  }
}

/** Uses the stack that runs in the folder, or starts one and always stops it afterwards. */
async function withStack(
  folder: string,
  report: Reporter,
  signal: AbortSignal,
  use: (dev: DevFile, keepsRunning: boolean) => Promise<void>,
): Promise<void> {
  const running = await runningStack(folder);
  if (running) {
    report.line(`Using the running stack at ${running.api_url}.`);
    return use(running, true);
  }
  // Any free port: the stack of another folder may use the default port.
  const stack: Stack = await startStack({ folder, port: 0, report, signal });
  try {
    await use(stack.dev, false);
  } finally {
    await stack.stop();
  }
}

/** Returns the folder's stack if it responds. A killed stack leaves its dev.json behind. */
async function runningStack(folder: string): Promise<DevFile | undefined> {
  const dev = readDevFile(folder);
  if (!dev) return undefined;
  try {
    const response = await fetch(`${dev.api_url}${BASE_PATH}/health`, { signal: AbortSignal.timeout(answerWithinMs) });
    await response.body?.cancel();
    return response.ok ? dev : undefined;
  } catch {
    return undefined;
  }
}

function parseCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= 5_000_000) return count;
  throw new InvalidArgumentError('must be an integer from 1 to 5000000.');
}
