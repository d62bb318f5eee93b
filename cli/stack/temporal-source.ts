import type { Reporter } from './reporter.ts';

export interface MakeTemporal {
  readonly version: string;
  readonly env: NodeJS.ProcessEnv;
  readonly report: Reporter;
  readonly signal: AbortSignal;
}

/** A source of the command: installs it at `target`, or throws the reason. */
export interface TemporalSource {
  readonly name: string;
  make(target: string, options: MakeTemporal): Promise<void>;
}
