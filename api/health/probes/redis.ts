import { connect, isIP } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Probe } from '../watch.ts';
import { hostOf } from './tcp.ts';

const DEFAULT_PORT = 6379;
/** Replies to AUTH and PING are short. */
const MAX_ANSWER_CHARACTERS = 4_096;

/** AUTH, if the URL has a password, then PING; expects PONG. */
export function redisProbe(url: URL): Probe {
  const host = hostOf(url);
  const port = url.port === '' ? DEFAULT_PORT : Number(url.port);
  const isTls = url.protocol === 'rediss:';
  const credential = [url.username, url.password].filter((part) => part !== '').map(decodeURIComponent);
  const words = [...(url.password === '' ? [] : [['AUTH', ...credential]]), ['PING']];
  const request = words.map(command).join('');
  return {
    look(signal) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const socket = isTls
        ? // A certificate names hosts; an address is not sent as one.
          connectTls({ host, port, ...(isIP(host) ? {} : { servername: host }) })
        : connect({ host, port });
      const give = () => socket.destroy();
      signal.addEventListener('abort', give, { once: true });
      let answer = '';
      socket.setEncoding('utf8');
      socket.on('error', reject);
      socket.on('close', () => reject(new Error('the connection was closed before an answer')));
      socket.on('data', (text) => {
        answer += text;
        const lines = answer.split('\r\n').slice(0, -1);
        const refusal = lines.find((line) => line.startsWith('-'));
        if (refusal !== undefined) reject(new Error(refusal.slice(1)));
        else if (lines.includes('+PONG')) resolve();
        else if (answer.length > MAX_ANSWER_CHARACTERS) reject(new Error('this is not the answer of a Redis'));
      });
      socket.write(request);
      return promise.finally(() => {
        signal.removeEventListener('abort', give);
        socket.destroy();
      });
    },
  };
}

/** A command in Redis's protocol (RESP): an array of bulk strings. */
function command(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;
}
