import type { Reporter } from './reporter.ts';

export interface MakeTemporal {
  readonly version: string;
  readonly env: NodeJS.ProcessEnv;
  readonly report: Reporter;
  readonly signal: AbortSignal;
}

/** A way to get the command: puts it at `target`, or throws with the reason why it cannot. */
export interface TemporalSource {
  readonly name: string;
  make(target: string, options: MakeTemporal): Promise<void>;
}
