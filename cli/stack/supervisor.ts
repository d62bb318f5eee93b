import { setTimeout as sleep } from 'node:timers/promises';
import { CliError } from '../cli-error.ts';
import { beginLog, lastWords, rotateLog } from './log-file.ts';
import type { Reporter } from './reporter.ts';
import { type RunRecord, stopOrder } from './run-record.ts';
import { type Death, type ProcessSpec, SupervisedProcess } from './supervised.ts';

/** Returns undefined if a process is ready, else the reason. */
export type Readiness = (startedAt: number) => Promise<string | undefined>;

export interface ReadyOptions {
  readonly withinMs: number;
  readonly signal: AbortSignal;
}

/** Number of deaths before readiness after which a start fails. */
const firstTries = 3;
const askEveryMs = 50;
const rotateEveryMs = 60_000;

/** Runs the processes of a stack, restarts those that die, and stops them in order. */
export class Supervisor {
  readonly #record: RunRecord;
  readonly #report: Reporter;
  readonly #onReplaced: () => void;
  readonly #processes = new Map<string, SupervisedProcess>();
  readonly #pids = new Map<string, number>();
  readonly #lastDeaths = new Map<string, Death>();
  readonly #proven = new Set<string>();
  readonly #rotation: NodeJS.Timeout;

  constructor(record: RunRecord, report: Reporter, onReplaced: () => void) {
    this.#record = record;
    this.#report = report;
    this.#onReplaced = onReplaced;
    this.#rotation = setInterval(() => {
      for (const { spec } of this.#processes.values()) rotateLog(spec.logFile);
    }, rotateEveryMs);
  }

  /** The current or last pid of a process; null if this stack has no such process. */
  pidOf(name: string): number | null {
    return this.#pids.get(name) ?? null;
  }

  /**
   * Starts a process and waits until it is ready.
   * @throws CliError with the last message of its log if it does not become ready
   */
  async launch(spec: ProcessSpec, isReady: Readiness, { withinMs, signal }: ReadyOptions): Promise<void> {
    signal.throwIfAborted();
    beginLog(spec.logFile);
    const supervised = new SupervisedProcess(spec, {
      started: () => this.#started(supervised),
      died: (_, death) => this.#died(supervised, death),
    });
    this.#processes.set(spec.name, supervised);
    supervised.start();
    const deadline = Date.now() + withinMs;
    for (;;) {
      const lack = supervised.pid === undefined ? 'not running' : await isReady(supervised.startedAt);
      if (lack === undefined) break;
      if (supervised.deathsInARow >= firstTries) throw this.#failure(spec, lastWords(spec.logFile) ?? lack);
      if (Date.now() > deadline) throw this.#failure(spec, `not ready after ${withinMs / 1000} s: ${lack}`);
      await sleep(askEveryMs, undefined, { signal });
    }
    this.#proven.add(spec.name);
  }

  /** Stops all processes in order: clients before their servers. */
  async stop(): Promise<void> {
    clearInterval(this.#rotation);
    for (const name of stopOrder) await this.#processes.get(name)?.stop();
  }

  #started(supervised: SupervisedProcess): void {
    const { name } = supervised.spec;
    if (supervised.pid !== undefined) this.#pids.set(name, supervised.pid);
    this.#record.note(supervised);
    const death = this.#lastDeaths.get(name);
    if (!death || !this.#proven.has(name)) return;
    if (death.inARow < firstTries) this.#report.line(`${name} died (${death.how}), started again`);
    this.#onReplaced();
  }

  #died({ spec }: SupervisedProcess, death: Death): void {
    this.#lastDeaths.set(spec.name, death);
    if (death.inARow < firstTries || !this.#proven.has(spec.name)) return;
    const pause = `${(death.restartInMs / 1000).toFixed(1)} s`;
    this.#report.line(
      `${spec.name} keeps dying (${death.how}, ${death.inARow} times in a row), next restart in ${pause}; see ${spec.logFile}`,
    );
  }

  #failure(spec: ProcessSpec, why: string): CliError {
    return new CliError(`${spec.name} failed to start: ${why} (see ${spec.logFile})`);
  }
}
