import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { taskQueues } from '../../shared/temporal.ts';
import { CliError } from '../cli-error.ts';
import { type DevFile, devFilePath } from './dev-file.ts';
import type { DevKeys } from './dev-keys.ts';
import { ensureDatabase, postgresProcess, postgresUrl, preparePostgres, whyPostgresIsDown } from './postgres.ts';
import { prepareServers } from './prepare.ts';
import { writePrivateJson } from './private-json.ts';
import { createReporter, type Reporter, silentReporter } from './reporter.ts';
import { RunRecord } from './run-record.ts';
import { apiProcess, apiUrl, whyApiIsDown, whyWorkerIsDown, workerProcess } from './services.ts';
import { chooseSettings, ownDatabase, type StackSettings } from './settings.ts';
import { makeFolder } from './state.ts';
import { Supervisor } from './supervisor.ts';
import { findTemporal } from './temporal-command.ts';
import { temporalProcess, whyTemporalIsDown } from './temporal-server.ts';
import { together } from './together.ts';

const serverWithinMs = 60_000;
const serviceWithinMs = 90_000;

export interface StackOptions {
  /** Folder of data, logs, secrets and dev.json; created if missing. */
  readonly folder: string;
  /** Port of the API; 0 picks a free one. */
  readonly port: number;
  /** Suppresses output, whatever `report` is. */
  readonly quiet?: boolean;
  /** Receives the output; standard output by default. */
  readonly report?: Reporter;
  /** Environment of the processes; by default this process's. Its DATABASE_URL and TEMPORAL_ADDRESS are used. */
  readonly env?: NodeJS.ProcessEnv;
  /** Aborts a start in progress. */
  readonly signal?: AbortSignal;
}

export interface Stack {
  /** The current content of dev.json; its pids follow restarts. */
  readonly dev: DevFile;
  /** Stops all processes in order. The data is kept. */
  stop(): Promise<void>;
}

/**
 * Starts PostgreSQL, Temporal, the API and the worker as separate processes that are restarted when they die, and returns
 * when all are ready. If DATABASE_URL or TEMPORAL_ADDRESS is set, that server is used.
 * @throws CliError with a one-line instruction; no process is left running
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const folder = resolve(options.folder);
  const report = options.quiet ? silentReporter : (options.report ?? createReporter(process.stdout));
  const signal = options.signal ?? new AbortController().signal;
  makeFolder(folder);
  const record = await RunRecord.claim(folder, (name, pid) =>
    report.line(`Ended ${name} (pid ${pid}), a leftover of a killed run`),
  );
  let describe: (() => DevFile) | undefined;
  const writeDevFile = () => describe && writePrivateJson(devFilePath(folder), describe());
  const supervisor = new Supervisor(record, report, writeDevFile);
  const stop = async () => {
    describe = undefined;
    rmSync(devFilePath(folder), { force: true });
    await supervisor.stop();
    record.release();
  };
  try {
    rmSync(devFilePath(folder), { force: true });
    const settings = await chooseSettings(folder, options.port, options.env ?? process.env);
    report.line('Starting PostgreSQL, Temporal, the API and the worker …');
    await together(signal, [
      (inTime) => providePostgres(supervisor, settings, inTime),
      (inTime) => provideTemporal(supervisor, settings, report, inTime),
    ]);
    const keys = await prepareServers(settings);
    await startServices(supervisor, settings, signal);
    const dev = () => devFileOf(supervisor, settings, keys);
    describe = dev;
    writeDevFile();
    return {
      stop,
      get dev() {
        return dev();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function providePostgres(supervisor: Supervisor, settings: StackSettings, signal: AbortSignal): Promise<void> {
  const { folder, config, ownPostgres } = settings;
  if (!ownPostgres) {
    const lack = await whyPostgresIsDown(config.DATABASE_URL);
    if (lack === undefined) return;
    throw new CliError(`The database of DATABASE_URL is not usable: ${lack}`);
  }
  const { port, password, home } = ownPostgres;
  const cluster = await preparePostgres(home, password);
  const adminUrl = postgresUrl(port, password, 'postgres');
  const process = postgresProcess(cluster, port, join(folder, 'logs', 'postgres.log'));
  await supervisor.launch(process, () => whyPostgresIsDown(adminUrl), { withinMs: serverWithinMs, signal });
  await ensureDatabase(adminUrl, ownDatabase);
}

async function provideTemporal(
  supervisor: Supervisor,
  settings: StackSettings,
  report: Reporter,
  signal: AbortSignal,
): Promise<void> {
  const { folder, config, env, ownTemporal } = settings;
  if (!ownTemporal) {
    const lack = await whyTemporalIsDown(config);
    if (lack === undefined) return;
    throw new CliError(`The Temporal server of TEMPORAL_ADDRESS is not usable: ${lack}`);
  }
  const process = temporalProcess({
    ...ownTemporal,
    env,
    command: await findTemporal({ env, report, signal }),
    namespace: config.TEMPORAL_NAMESPACE,
    databaseFile: join(folder, 'temporal.db'),
    logFile: join(folder, 'logs', 'temporal.log'),
  });
  await supervisor.launch(process, () => whyTemporalIsDown(config), { withinMs: serverWithinMs, signal });
}

async function startServices(supervisor: Supervisor, settings: StackSettings, signal: AbortSignal): Promise<void> {
  const { folder, config, env } = settings;
  await together(signal, [
    (inTime) =>
      supervisor.launch(apiProcess(folder, env), () => whyApiIsDown(config), {
        withinMs: serviceWithinMs,
        signal: inTime,
      }),
    (inTime) =>
      supervisor.launch(workerProcess(folder, env), (startedAt) => whyWorkerIsDown(config, startedAt), {
        withinMs: serviceWithinMs,
        signal: inTime,
      }),
  ]);
}

function devFileOf(supervisor: Supervisor, { config }: StackSettings, keys: DevKeys): DevFile {
  return {
    api_url: apiUrl(config),
    docs_url: `${apiUrl(config)}/docs`,
    temporal_ui_url: config.TEMPORAL_UI_URL ?? null,
    temporal_address: config.TEMPORAL_ADDRESS,
    database_url: config.DATABASE_URL,
    task_queues: Object.values(taskQueues(config)),
    ...keys,
    pids: {
      api: supervisor.pidOf('api') ?? 0,
      worker: supervisor.pidOf('worker') ?? 0,
      temporal: supervisor.pidOf('temporal'),
      postgres: supervisor.pidOf('postgres'),
    },
  };
}
