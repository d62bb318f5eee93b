import { Socket } from 'node:net';
import pg from 'pg';
import type { Probe } from '../watch.ts';

/**
 * `SELECT 1` on a connection of its own, kept between two looks: it waits behind no request, and one that hangs is cut
 * rather than left with the pool.
 */
export function postgresProbe(url: string): Probe {
  let connected: { client: pg.Client; socket: Socket } | undefined;

  const drop = () => {
    connected?.socket.destroy();
    connected = undefined;
  };

  async function connect(signal: AbortSignal): Promise<pg.Client> {
    const socket = new Socket();
    const client = new pg.Client({ connectionString: url, application_name: 'tidemark-health', stream: () => socket });
    // Lost between two looks: the next one connects again.
    client.on('error', () => {
      if (connected?.client === client) drop();
    });
    connected = { client, socket };
    signal.throwIfAborted();
    await client.connect();
    return client;
  }

  return {
    async look(signal) {
      signal.addEventListener('abort', drop, { once: true });
      try {
        const client = connected?.client ?? (await connect(signal));
        await client.query('SELECT 1');
      } catch (error) {
        drop();
        throw error;
      } finally {
        signal.removeEventListener('abort', drop);
      }
    },
    close: drop,
  };
}
