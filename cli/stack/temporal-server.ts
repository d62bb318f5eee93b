import { connect } from 'node:net';
import { dirname } from 'node:path';
import { Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import { connectionOptions, type TemporalConfig } from '../../shared/temporal.ts';
import { reasonOf } from '../cli-error.ts';
import type { ProcessSpec } from './supervised.ts';

const answerWithinMs = 10_000;
const retentionSeconds = 30 * 24 * 60 * 60;

/** Fairness between organisations and task priority are exact only with one partition. */
const dynamicConfig: Readonly<Record<string, string>> = {
  'matching.useNewMatcher': 'true',
  'matching.enableFairness': 'true',
  'matching.numTaskqueueReadPartitions': '1',
  'matching.numTaskqueueWritePartitions': '1',
};

export interface TemporalServerOptions {
  readonly command: string;
  readonly port: number;
  readonly uiPort: number;
  readonly namespace: string;
  /** Path of the workflow database; in memory by default. */
  readonly databaseFile?: string;
  readonly logFile: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Returns the process spec of Temporal's development server. */
export function temporalProcess(options: TemporalServerOptions): ProcessSpec {
  const { command, port, uiPort, namespace, databaseFile, logFile, env } = options;
  // Without a write-ahead log, SQLite more than halves the workflow throughput.
  const database =
    databaseFile === undefined
      ? []
      : ['--db-filename', databaseFile, '--sqlite-pragma', 'journal_mode=wal', '--sqlite-pragma', 'synchronous=normal'];
  return {
    name: 'temporal',
    command,
    args: [
      ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--ui-port', String(uiPort)],
      ...['--namespace', namespace, '--log-level', 'error'],
      ...database,
      ...Object.entries(dynamicConfig).flatMap(([key, value]) => ['--dynamic-config-value', `${key}=${value}`]),
    ],
    env,
    cwd: dirname(logFile),
    logFile,
    stopSignal: 'SIGTERM',
    stopPatienceMs: 10_000,
  };
}

/** Checks that the server and its namespace respond; returns undefined, or the reason. */
export async function whyTemporalIsDown(config: TemporalConfig): Promise<string | undefined> {
  // A connection to a closed port waits a second before it retries.
  if (!(await accepts(config.TEMPORAL_ADDRESS))) return `no server listens on ${config.TEMPORAL_ADDRESS}`;
  try {
    await withTemporal(config, (connection) =>
      connection.workflowService.describeNamespace({ namespace: config.TEMPORAL_NAMESPACE }),
    );
    return undefined;
  } catch (error) {
    return reasonOf(error) || 'no response';
  }
}

/** Runs a function with its own connection. @throws if the server does not respond in time */
export async function withTemporal<Result>(
  config: TemporalConfig,
  use: (connection: Connection) => Promise<Result>,
): Promise<Result> {
  const connection = Connection.lazy(connectionOptions(config));
  try {
    return await connection.withDeadline(Date.now() + answerWithinMs, () => use(connection));
  } finally {
    await connection.close();
  }
}

/** Sets the retention of closed workflows to 30 days; the development server's default is one day. */
export async function keepHistories(connection: Connection, namespace: string): Promise<void> {
  const { config } = await connection.workflowService.describeNamespace({ namespace });
  if (Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) === retentionSeconds) return;
  const retention = proto.google.protobuf.Duration.fromObject({ seconds: retentionSeconds });
  await connection.workflowService.updateNamespace({
    namespace,
    config: { workflowExecutionRetentionTtl: retention },
  });
}

function accepts(address: string): Promise<boolean> {
  const colon = address.lastIndexOf(':');
  return new Promise((resolve) => {
    const socket = connect({ host: address.slice(0, colon), port: Number(address.slice(colon + 1)) });
    const answerWith = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(2_000, () => answerWith(false));
    socket.once('connect', () => answerWith(true));
    socket.once('error', () => answerWith(false));
  });
}
