import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { eventually } from '../eventually.ts';

/** A way to an S3 server that can be blocked for certain requests. */
export interface SlowS3 {
  endpoint: string;
  /** Lets no request through, from now on, whose first line matches; the others pass. */
  block(firstLine: RegExp): { reached(): Promise<void>; release(): void };
  close(): void;
}

const REACHED_WITHIN_MS = 60_000;
/** A first line of ours with its signature in headers is far shorter. */
const FIRST_LINE_BYTES = 2_048;

/** Opens a port on loopback that passes everything on to the server as it came, signatures too. */
export async function openSlowS3(endpoint: string): Promise<SlowS3> {
  const target = new URL(endpoint);
  const sockets = new Set<Socket>();
  let blocked: RegExp | undefined;
  let waiting = 0;
  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    far.pipe(near);
    let isBlocked = false;
    near.on('data', (chunk) => {
      const [firstLine = ''] = chunk.toString('latin1', 0, FIRST_LINE_BYTES).split('\r\n', 1);
      if (blocked?.test(firstLine)) {
        isBlocked = true;
        waiting += 1;
      }
      // What is blocked is never sent: its sender is going to be killed.
      if (!isBlocked && !far.write(chunk)) {
        near.pause();
        far.once('drain', () => near.resume());
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    block(firstLine) {
      blocked = firstLine;
      const before = waiting;
      return {
        reached: async () => {
          await eventually(`a request ${firstLine}`, REACHED_WITHIN_MS, () => (waiting > before ? true : undefined));
        },
        release() {
          blocked = undefined;
        },
      };
    },
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
