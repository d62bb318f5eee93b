import { createServer } from 'node:net';

/** Returns true if a server can listen on this port of 127.0.0.1. */
export async function isPortFree(port: number): Promise<boolean> {
  return (await tryPort(port)) !== undefined;
}

/** Picks the remembered port if it is free, else any free one; never one of `taken`. */
export async function pickPort(remembered: number | undefined, taken: readonly number[] = []): Promise<number> {
  if (remembered !== undefined && !taken.includes(remembered) && (await isPortFree(remembered))) return remembered;
  for (;;) {
    const port = await tryPort(0);
    if (port === undefined) throw new Error('no free port on 127.0.0.1');
    if (!taken.includes(port)) return port;
  }
}

/** Listens briefly; 0 means any free port. @returns the port, or undefined if it is in use */
function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(address !== null && typeof address === 'object' ? address.port : undefined));
    });
  });
}
