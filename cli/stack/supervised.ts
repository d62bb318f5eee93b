import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { reasonOf } from '../cli-error.ts';
import { endProcess, identityOf } from './process-identity.ts';

export interface ProcessSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** Operating system user to run as; by default the current one. */
  readonly owner?: Owner | undefined;
  readonly logFile: string;
  readonly stopSignal: NodeJS.Signals;
  /** Time from the stop request to the kill. */
  readonly stopPatienceMs: number;
  /** Cleans up after a process that died, before the restart. */
  readonly clearBeforeRestart?: () => Promise<void>;
}

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** How a process ended, and when it is restarted. */
export interface Death {
  readonly how: string;
  /** Consecutive early deaths. */
  readonly inARow: number;
  readonly restartInMs: number;
}

export interface ProcessEvents {
  /** Called synchronously after the spawn. */
  started(process: SupervisedProcess): void;
  died(process: SupervisedProcess, death: Death): void;
}

/** A process that lived this long did not fail at its start; the next restart is immediate. */
const grownUpAfterMs = 5_000;
const longestPauseMs = 10_000;
/** Longest delay after a kill, which is not a failure of the process itself. */
const longestPauseOfKilledMs = 1_500;

/** A process that is restarted whenever it dies, until it is stopped. */
export class SupervisedProcess {
  readonly spec: ProcessSpec;
  readonly #events: ProcessEvents;
  #child: ChildProcess | undefined;
  #identity: string | undefined;
  #startedAt = 0;
  #deathsInARow = 0;
  #stopping = false;
  #retry: NodeJS.Timeout | undefined;

  constructor(spec: ProcessSpec, events: ProcessEvents) {
    this.spec = spec;
    this.#events = events;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Start time of the running process, in milliseconds since the epoch. */
  get startedAt(): number {
    return this.#startedAt;
  }

  get deathsInARow(): number {
    return this.#deathsInARow;
  }

  start(): void {
    const { command, args, env, cwd, owner, logFile } = this.spec;
    const log = openSync(logFile, 'a', 0o600);
    // Own session: Ctrl-C reaches only the supervisor, which then stops everything in order.
    const child = spawn(command, args, { env, cwd, ...owner, detached: true, stdio: ['ignore', log, log] });
    closeSync(log);
    this.#child = child;
    this.#startedAt = Date.now();
    this.#identity = child.pid === undefined ? undefined : identityOf(child.pid);
    child.once('error', (error) => this.#ended(child, reasonOf(error), longestPauseMs));
    child.once('exit', (code, signal) =>
      signal
        ? this.#ended(child, signal, longestPauseOfKilledMs)
        : this.#ended(child, `exit code ${code}`, longestPauseMs),
    );
    if (child.pid !== undefined) this.#events.started(this);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#retry);
    if (this.pid === undefined || this.#identity === undefined) return;
    await endProcess(this.pid, this.#identity, this.spec.stopSignal, this.spec.stopPatienceMs);
  }

  async #restart(): Promise<void> {
    // If the cleanup fails, the process reports the problem itself.
    await this.spec.clearBeforeRestart?.().catch(() => undefined);
    if (!this.#stopping) this.start();
  }

  #ended(child: ChildProcess, how: string, longestMs: number): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    if (this.#stopping) return;
    this.#deathsInARow = Date.now() - this.#startedAt < grownUpAfterMs ? this.#deathsInARow + 1 : 1;
    const restartInMs = Math.min(50 * 2 ** this.#deathsInARow, longestMs);
    this.#retry = setTimeout(() => void this.#restart(), restartInMs);
    this.#events.died(this, { how, inARow: this.#deathsInARow, restartInMs });
  }
}
