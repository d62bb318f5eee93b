/** What a person sees of a stack at work. */
export interface Reporter {
  /** Something that happened, kept on the screen. */
  line(text: string): void;
  /** How a long step goes: called often with the current state, shown as it suits the output. */
  progress(text: string): void;
}

/** Says nothing. */
export const silentReporter: Reporter = { line: () => undefined, progress: () => undefined };

/** A plain line for progress this often where the output is a file or a pipe. */
const plainProgressEveryMs = 15_000;

/** Reports on a stream: on a terminal progress is one moving line, elsewhere a plain line now and then. */
export function createReporter(stream: NodeJS.WriteStream): Reporter {
  let moving = false;
  let plainAt = 0;
  // The reader of a pipe may go away; what runs must go on.
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
