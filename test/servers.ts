import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DefaultLogger } from '@temporalio/worker';
import type { TestProject } from 'vitest/node';
import { createReporter, type Reporter } from '../cli/stack/reporter.ts';
import { endAbandoned, RunRecord } from '../cli/stack/run-record.ts';
import { makeFolder } from '../cli/stack/state.ts';
import { Supervisor } from '../cli/stack/supervisor.ts';
import { together } from '../cli/stack/together.ts';
import { buildWorkflowBundle } from '../worker/workflow-bundle.ts';
import { type S3Access, startS3 } from './storage/s3-server.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** URL of the server's administrative database; the tests create theirs through it. */
    postgresUrl: string;
    temporalAddress: string;
    /** Name of a migrated database without connections, the template of every test database. */
    templateDatabase: string;
    s3: S3Access;
    /** Path of the workflow bundle. */
    workflowBundle: string;
  }
}

const folderPrefix = 'tidemark-test-';
/** Folders of the stacks that tests start (test/stack/command.ts). */
const stackFolderPrefix = 'tidemark-stack-';

/** Where the servers of a project run. */
export interface TestServers {
  readonly supervisor: Supervisor;
  readonly folder: string;
  readonly report: Reporter;
}

type Start = (servers: TestServers, signal: AbortSignal) => Promise<void>;

/**
 * Starts an S3 server and the servers given, side by side, with the workflow bundle built meanwhile.
 * @returns the teardown: it stops the servers and removes their data
 * @throws the first failure, with everything stopped
 */
export async function startServers(project: TestProject, others: readonly Start[]): Promise<() => Promise<void>> {
  await clearAbandoned();
  const folder = mkdtempSync(join(tmpdir(), folderPrefix));
  // As root, PostgreSQL runs as another user, who must pass through.
  chmodSync(folder, 0o711);
  makeFolder(folder);
  const record = await RunRecord.claim(folder, () => undefined);
  const report = createReporter(process.stdout);
  const servers = { supervisor: new Supervisor(record, report, () => undefined), folder, report };
  const stop = async () => {
    await servers.supervisor.stop();
    record.release();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await together(new AbortController().signal, [
      async () => project.provide('workflowBundle', await buildWorkflowBundle(new DefaultLogger('WARN'))),
      async (signal) =>
        project.provide('s3', await startS3(servers.supervisor, folder, { env: process.env, report, signal })),
      ...others.map((start) => (signal: AbortSignal) => start(servers, signal)),
    ]);
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}

function isOurs(entry: string): boolean {
  return [folderPrefix, stackFolderPrefix].some((prefix) => entry.startsWith(prefix));
}

/** Ends the servers of killed test runs and removes their data. */
async function clearAbandoned(): Promise<void> {
  for (const name of readdirSync(tmpdir()).filter(isOurs)) {
    const folder = join(tmpdir(), name);
    if (await endAbandoned(folder)) rmSync(folder, { recursive: true, force: true });
  }
}
