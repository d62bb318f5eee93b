import cliProgress from 'cli-progress';

/** How a step goes, in percent. */
export interface Bar {
  update(percent: number, detail: string): void;
  /** Leaves the bar as it is and the cursor below it; a second time does nothing. */
  stop(): void;
}

/** Without a terminal: a line each time this much more is done. */
const plainStepPercent = 25;

/** A moving bar on a terminal; elsewhere a plain line now and then. */
export function createBar(stream: NodeJS.WriteStream, label: string): Bar {
  return stream.isTTY ? movingBar(stream, label) : plainBar(stream, label);
}

function movingBar(stream: NodeJS.WriteStream, label: string): Bar {
  const format = `${label.padEnd(10)} {bar} {percentage} %  {detail}`;
  // Ctrl-C is the command's to handle.
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
