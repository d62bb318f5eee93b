import type { Client, WorkflowHandle } from '@temporalio/client';
import type { Command } from 'commander';
import { dbOf } from '../../shared/db/orm.ts';
import type { StartedRun } from '../../shared/temporal.ts';
import { createTemporalClient, createTemporalConnection, type TaskQueues, taskQueues } from '../../shared/temporal.ts';
import { CliError } from '../cli-error.ts';
import { importConfig } from '../import/import-config.ts';
import { chooseOrganisation } from '../import/organisation.ts';
import { withOrm } from '../stack/database.ts';
import { whyTemporalIsDown } from '../stack/temporal-server.ts';

const stopSignals = ['SIGINT', 'SIGTERM'] as const;
const PROGRESS_QUERY = 'progress';

export interface RunOptions {
  folder: string;
  org?: string;
}

/** A command that follows a run of one organisation; say `.action(…)` and its own options. */
export function runCommand(program: Command, name: string, description: string): Command {
  return program
    .command(name)
    .description(`${description}; it needs a running worker`)
    .option('--org <id>', 'whose data; where not given the only organisation, or that of the local stack')
    .option('--folder <path>', 'of the local stack that is used where DATABASE_URL is not set', '.tidemark');
}

/** What a run came to, and whose it was. */
export interface FollowedRun<Result> {
  orgId: string;
  result: Result;
}

/**
 * Starts a workflow for one organisation, or joins the one that is under way, and waits for its end. A signal cancels it;
 * a run that was cancelled and tells so as its progress has come to that.
 * @throws CliError where Temporal or the organisation is not there
 */
export async function followRun<Result extends { status?: string }>(
  options: RunOptions,
  start: (client: Client, queues: TaskQueues, orgId: string) => Promise<StartedRun>,
): Promise<FollowedRun<Result>> {
  const config = importConfig(process.env, options.folder);
  const lack = await whyTemporalIsDown(config);
  if (lack !== undefined) throw new CliError(`Temporal at ${config.TEMPORAL_ADDRESS} cannot be used: ${lack}`);
  const orgId = await withOrm(config, (orm) => chooseOrganisation(dbOf(orm.em.fork()), options.org, options.folder));
  const connection = createTemporalConnection(config);
  const client = createTemporalClient(connection, config);
  let handle: WorkflowHandle | undefined;
  const cancel = () => {
    process.stdout.write('Cancelling …\n');
    handle?.cancel().catch(() => undefined);
  };
  for (const signal of stopSignals) process.on(signal, cancel);
  try {
    const { workflowId, runId } = await start(client, taskQueues(config), orgId);
    handle = client.workflow.getHandle(workflowId, undefined, { firstExecutionRunId: runId });
    return { orgId, result: await handle.result() };
  } catch (error) {
    const progress = await handle?.query<Result>(PROGRESS_QUERY).catch(() => undefined);
    // What was done until then stays done, and is told.
    if (progress?.status === 'cancelled') return { orgId, result: progress };
    throw error;
  } finally {
    for (const signal of stopSignals) process.off(signal, cancel);
    await connection.close();
  }
}
