import { connect } from 'node:net';
import { dirname } from 'node:path';
import { Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import { connectionOptions, type TemporalConfig } from '../../shared/temporal.ts';
import { reasonOf } from '../cli-error.ts';
import type { ProcessSpec } from './supervised.ts';

const answerWithinMs = 10_000;
const retentionSeconds = 30 * 24 * 60 * 60;

/** Organisations share a task queue fairly, and urgent tasks go first; that order is exact with one partition. */
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
  /** Where workflows are kept; in memory where not given. */
  readonly databaseFile?: string;
  readonly logFile: string;
  readonly env: NodeJS.ProcessEnv;
}

/** How to run Temporal's development server. */
export function temporalProcess(options: TemporalServerOptions): ProcessSpec {
  const { command, port, uiPort, namespace, databaseFile, logFile, env } = options;
  // Without a write-ahead log in SQLite it does less than half as many workflows a second.
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

/** Asks whether the server and its namespace answer; undefined where they do, else what is missing. */
export async function whyTemporalIsDown(config: TemporalConfig): Promise<string | undefined> {
  // A connection to a port that nobody listens on waits a second before it tries again.
  if (!(await accepts(config.TEMPORAL_ADDRESS))) return `nothing listens on ${config.TEMPORAL_ADDRESS}`;
  try {
    await withTemporal(config, (connection) =>
      connection.workflowService.describeNamespace({ namespace: config.TEMPORAL_NAMESPACE }),
    );
    return undefined;
  } catch (error) {
    return reasonOf(error) || 'no answer';
  }
}

/** Runs something with a connection of its own; a server that does not answer in time is an error. */
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

/** Keeps closed workflows for 30 days; the development server's default is one. */
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
