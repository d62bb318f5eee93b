import { type Command, InvalidArgumentError } from 'commander';
import { devFilePath } from '../stack/dev-file.ts';
import { createReporter } from '../stack/reporter.ts';
import { startStack } from '../stack/stack.ts';

const stopSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** `tidemark start`: runs the whole stack on this machine until a signal stops it. */
export function registerStart(program: Command): void {
  program
    .command('start')
    .description('start PostgreSQL, Temporal, the API and the worker on this machine')
    .option('--port <port>', 'port of the API; by default API_PORT or 3000', parsePort)
    .option('--folder <path>', 'folder of data, logs and dev.json', '.tidemark')
    .action(({ port, folder }: { port?: number; folder: string }) => start(folder, port ?? portOf(process.env)));
}

async function start(folder: string, port: number): Promise<void> {
  const report = createReporter(process.stdout);
  const stopAsked = new AbortController();
  const asked = new Promise<void>((resolve) => {
    stopAsked.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  const onSignal = (signal: NodeJS.Signals) => {
    if (!stopAsked.signal.aborted) report.line(`Stopping (${signal}) …`);
    stopAsked.abort();
  };
  for (const signal of stopSignals) process.on(signal, onSignal);
  try {
    const stack = await startStack({ folder, port, report, signal: stopAsked.signal });
    const { dev } = stack;
    report.line(`API           ${dev.api_url} (reference: ${dev.docs_url})`);
    if (dev.temporal_ui_url) report.line(`Temporal UI   ${dev.temporal_ui_url}`);
    report.line(`Keys, ports   ${devFilePath(folder)}`);
    report.line('Press Ctrl-C to stop. The data is kept.');
    await asked;
    await stack.stop();
  } catch (error) {
    // An aborted start is not an error: all processes have stopped by now.
    if (!stopAsked.signal.aborted) throw error;
  }
  report.line('Stopped.');
}

/** Parses a port argument. */
function parsePort(text: string): number {
  const port = Number(text);
  if (text !== '' && Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new InvalidArgumentError('must be an integer from 0 to 65535.');
}

function portOf(env: NodeJS.ProcessEnv): number {
  return env.API_PORT ? parsePort(env.API_PORT) : 3000;
}
