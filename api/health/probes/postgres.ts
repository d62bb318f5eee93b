import { Socket } from 'node:net';
import pg from 'pg';
import type { Probe } from '../watch.ts';

/**
 * `SELECT 1` on its own connection, kept between checks: it does not queue behind requests, and a hanging one is closed
 * instead of returned to the pool.
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
    // Lost between two checks: the next one reconnects.
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
