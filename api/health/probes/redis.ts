import { isIP } from 'node:net';
import { createClient } from '@redis/client';
import type { Probe } from '../watch.ts';
import { hostOf } from './tcp.ts';

/** Connects with the URL's credential and database, and sends PING. */
export function redisProbe(url: URL): Probe {
  const host = hostOf(url);
  // A certificate names hosts; an address is not sent as one.
  const tls = url.protocol === 'rediss:' && !isIP(host) ? ({ tls: true, servername: host } as const) : {};
  return {
    async look(signal) {
      const client = createClient({
        url: url.href,
        // RESP 2 and no client name: servers older than 6, and those that speak only its protocol, are healthy too.
        RESP: 2,
        disableClientInfo: true,
        // The watch asks again by itself; a client that reconnects would outlive its question.
        socket: { ...tls, reconnectStrategy: false },
      });
      // Without a listener a failed connection ends the process; connect() rejects with the same error.
      client.on('error', () => undefined);
      const give = () => client.destroy();
      signal.addEventListener('abort', give, { once: true });
      try {
        await client.connect();
        const answer = await client.ping();
        if (answer !== 'PONG') throw new Error('unexpected reply to PING');
      } finally {
        signal.removeEventListener('abort', give);
        if (client.isOpen) client.destroy();
      }
    },
  };
}
