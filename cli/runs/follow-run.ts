import type { Command } from 'commander';
import type { RunInput, StartedBy } from '../../shared/contracts/runs.ts';
import { dbOf } from '../../shared/db/orm.ts';
import { startRun } from '../../shared/jobs/start-run.ts';
import { createTemporalClient, createTemporalConnection, taskQueues } from '../../shared/temporal.ts';
import { CliError } from '../cli-error.ts';
import { importConfig } from '../import/import-config.ts';
import { chooseOrganisation } from '../import/organisation.ts';
import { withOrm } from '../stack/database.ts';
import { whyTemporalIsDown } from '../stack/temporal-server.ts';
import { awaitRun, type RunEnd } from './await-run.ts';

const stopSignals = ['SIGINT', 'SIGTERM'] as const;

export interface RunOptions {
  folder: string;
  org?: string;
}

/** Creates a command that follows a run of one organisation; add options and `.action(…)`. */
export function runCommand(program: Command, name: string, description: string): Command {
  return program
    .command(name)
    .description(`${description}; requires a running worker`)
    .option('--org <id>', 'organisation; by default the only one, or the one of the local stack')
    .option('--folder <path>', 'folder of the local stack, used if DATABASE_URL is not set', '.tidemark');
}

/** How a run ended, and its organisation. */
export type FollowedRun<Name extends StartedBy<'cli'>> = { orgId: string } & Exclude<
  RunEnd<Name>,
  { status: 'failed' }
>;

/**
 * Starts a workflow for one organisation, or joins its open run, and waits for the end. A signal cancels the run.
 * @throws CliError if Temporal or the organisation is missing; WorkflowFailedError if the run failed
 */
export async function followRun<Name extends StartedBy<'cli'>>(
  options: RunOptions,
  name: Name,
  inputFor: (orgId: string) => RunInput<Name>,
): Promise<FollowedRun<Name>> {
  const config = importConfig(process.env, options.folder);
  const lack = await whyTemporalIsDown(config);
  if (lack !== undefined) throw new CliError(`Temporal at ${config.TEMPORAL_ADDRESS} is not usable: ${lack}`);
  const orgId = await withOrm(config, (orm) => chooseOrganisation(dbOf(orm.em.fork()), options.org, options.folder));
  const connection = createTemporalConnection(config);
  const client = createTemporalClient(connection, config);
  const stop = new AbortController();
  const cancel = () => {
    process.stdout.write('Cancelling …\n');
    stop.abort();
  };
  for (const signal of stopSignals) process.on(signal, cancel);
  try {
    const started = await startRun(client, taskQueues(config), name, inputFor(orgId));
    const end = await awaitRun(client, name, started, { signal: stop.signal });
    if (end.status === 'failed') throw end.error;
    return { orgId, ...end };
  } finally {
    for (const signal of stopSignals) process.off(signal, cancel);
    await connection.close();
  }
}
