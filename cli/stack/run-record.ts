import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { CliError } from '../cli-error.ts';
import { readJson, writePrivateJson } from './private-json.ts';
import { endProcess, identityOf } from './process-identity.ts';
import type { SupervisedProcess } from './supervised.ts';

const recordedSchema = z.object({ pid: z.number().int().positive(), identity: z.string() });
const recordSchema = z.object({
  supervisor: recordedSchema,
  processes: z.record(z.string(), recordedSchema.extend({ stopSignal: z.enum(['SIGTERM', 'SIGINT']) })),
});
type RunRecordContent = z.output<typeof recordSchema>;

/** The order in which a stack stops: clients before their servers. */
export const stopOrder = ['api', 'worker', 'temporal', 's3', 'postgres'] as const;
const leftoverPatienceMs = 10_000;

/** Longer than another supervisor needs from reading the record to replacing it. */
const contestMs = 100;

/**
 * The processes of a folder, stored on disk. It keeps out a second supervisor, and lets the next one find the processes
 * of a killed one.
 */
export class RunRecord {
  readonly #path: string;
  readonly #content: RunRecordContent;

  private constructor(path: string, content: RunRecordContent) {
    this.#path = path;
    this.#content = content;
  }

  /**
   * Makes this process the supervisor of the folder, and ends the processes of a killed supervisor.
   * @throws CliError if another supervisor is alive
   */
  static async claim(folder: string, onLeftover: (name: string, pid: number) => void): Promise<RunRecord> {
    const path = join(folder, 'processes.json');
    const before = readJson(path, recordSchema);
    refuseOther(before, folder);
    const identity = identityOf(process.pid);
    if (identity === undefined) throw new Error('the identity of this process could not be read');
    const record = new RunRecord(path, {
      supervisor: { pid: process.pid, identity },
      processes: before?.processes ?? {},
    });
    record.#write();
    await sleep(contestMs);
    refuseOther(readJson(path, recordSchema), folder);
    await endLeftovers(record.#content, onLeftover);
    record.#content.processes = {};
    record.#write();
    return record;
  }

  /** Records a process that was started. */
  note(supervised: SupervisedProcess): void {
    const { pid, spec } = supervised;
    const identity = pid === undefined ? undefined : identityOf(pid);
    if (pid === undefined || identity === undefined) return;
    const stopSignal = spec.stopSignal === 'SIGINT' ? 'SIGINT' : 'SIGTERM';
    this.#content.processes[spec.name] = { pid, identity, stopSignal };
    this.#write();
  }

  /** Releases the folder; all processes must have ended. */
  release(): void {
    rmSync(this.#path, { force: true });
  }

  #write(): void {
    writePrivateJson(this.#path, this.#content);
  }
}

/** Ends the processes of a folder whose supervisor was killed. Returns false if it is alive or never existed. */
export async function endAbandoned(folder: string): Promise<boolean> {
  const record = existsSync(folder) ? readJson(join(folder, 'processes.json'), recordSchema) : undefined;
  if (!record || isAlive(record.supervisor)) return false;
  await endLeftovers(record, () => undefined);
  return true;
}

async function endLeftovers(content: RunRecordContent, onLeftover: (name: string, pid: number) => void): Promise<void> {
  for (const name of stopOrder) {
    const left = content.processes[name];
    if (!left || !isAlive(left)) continue;
    onLeftover(name, left.pid);
    await endProcess(left.pid, left.identity, left.stopSignal, leftoverPatienceMs);
  }
}

function refuseOther(record: RunRecordContent | undefined, folder: string): void {
  if (!record || record.supervisor.pid === process.pid || !isAlive(record.supervisor)) return;
  throw new CliError(
    `Tidemark already runs here (pid ${record.supervisor.pid}; see ${join(folder, 'dev.json')}): stop it first, with Ctrl-C or kill ${record.supervisor.pid}.`,
  );
}

function isAlive(recorded: { pid: number; identity: string }): boolean {
  return identityOf(recorded.pid) === recorded.identity;
}
