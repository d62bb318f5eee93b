/** Types for the part of cli-progress 3.12 used here; the package has none. */
declare module 'cli-progress' {
  export interface Options {
    format: string;
    stream: NodeJS.WritableStream;
    hideCursor: boolean;
    gracefulExit: boolean;
    fps: number;
  }

  export class SingleBar {
    constructor(options: Partial<Options>, preset?: object);
    start(total: number, startValue: number, payload?: Record<string, unknown>): void;
    update(value: number, payload?: Record<string, unknown>): void;
    stop(): void;
  }

  const cliProgress: { SingleBar: typeof SingleBar; Presets: { shades_classic: object } };
  export default cliProgress;
}
