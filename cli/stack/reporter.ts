/** Reports a stack's state to the user. */
export interface Reporter {
  /** Prints a permanent line. */
  line(text: string): void;
  /** Updates the progress of a long step; called often, shown as the output allows. */
  progress(text: string): void;
}

/** Discards all output. */
export const silentReporter: Reporter = { line: () => undefined, progress: () => undefined };

/** Interval of progress lines if the output is a file or a pipe. */
const plainProgressEveryMs = 15_000;

/** Reports on a stream: one updated line on a terminal, plain lines at intervals elsewhere. */
export function createReporter(stream: NodeJS.WriteStream): Reporter {
  let moving = false;
  let plainAt = 0;
  // The reader of a pipe may disappear; the stack must keep running.
  stream.on('error', () => undefined);
  const clear = () => (moving ? '\r\u001b[2K' : '');
  return {
    line(text) {
      stream.write(`${clear()}${text}\n`);
      moving = false;
    },
    progress(text) {
      if (stream.isTTY) {
        stream.write(`${clear()}${text.slice(0, Math.max(10, (stream.columns ?? 80) - 1))}`);
        moving = true;
      } else if (Date.now() - plainAt >= plainProgressEveryMs) {
        plainAt = Date.now();
        stream.write(`${text}\n`);
      }
    },
  };
}
