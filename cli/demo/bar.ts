import cliProgress from 'cli-progress';

/** Progress bar in percent. */
export interface Bar {
  update(percent: number, detail: string): void;
  /** Stops the bar and moves the cursor below it. Idempotent. */
  stop(): void;
}

/** Without a terminal: progress between two lines. */
const plainStepPercent = 25;

/** Shows a progress bar on a terminal, else prints a line at intervals. */
export function createBar(stream: NodeJS.WriteStream, label: string): Bar {
  return stream.isTTY ? movingBar(stream, label) : plainBar(stream, label);
}

function movingBar(stream: NodeJS.WriteStream, label: string): Bar {
  const format = `${label.padEnd(10)} {bar} {percentage} %  {detail}`;
  // The command handles Ctrl-C.
  const options = { format, stream, hideCursor: true, gracefulExit: false, fps: 15 };
  const bar = new cliProgress.SingleBar(options, cliProgress.Presets.shades_classic);
  let isMoving = true;
  bar.start(100, 0, { detail: '' });
  return {
    update: (percent, detail) => bar.update(Math.floor(percent), { detail }),
    stop() {
      if (isMoving) bar.stop();
      isMoving = false;
    },
  };
}

function plainBar(stream: NodeJS.WritableStream, label: string): Bar {
  let shown = -1;
  return {
    update(percent, detail) {
      const step = Math.floor(percent / plainStepPercent);
      if (step <= shown) return;
      shown = step;
      stream.write(`${label.padEnd(10)} ${Math.floor(percent)} %  ${detail}\n`);
    },
    stop: () => undefined,
  };
}
