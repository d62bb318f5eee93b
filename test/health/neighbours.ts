import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';

/** A server beside ours, to be watched. */
export interface Neighbour {
  port: number;
  close(): Promise<void>;
}

async function listening(server: Server, sockets: Set<Socket> = new Set()): Promise<Neighbour> {
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port');
  return {
    port: address.port,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Takes connections and says nothing on them, ever. */
export function hangingServer(): Promise<Neighbour> {
  return listening(createServer());
}

/** Answers with the status that `status` tells, and notes the credentials that came. */
export async function webServer(status: () => number): Promise<Neighbour & { credentials: Set<string> }> {
  const credentials = new Set<string>();
  const server = createHttpServer((request, response) => {
    credentials.add(request.headers.authorization ?? '');
    response.writeHead(status(), { location: 'http://127.0.0.1:1/' }).end('x');
  });
  return { ...(await listening(server)), credentials };
}

/** Speaks as much of Redis's protocol as a health check needs: a stand-in, where no Redis is installed. */
export function redisLike(password: string): Promise<Neighbour> {
  return listening(
    createServer((socket) => {
      let isKnown = false;
      let text = '';
      socket.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
        for (;;) {
          const taken = /^\*(\d+)\r\n((?:\$\d+\r\n[^\r\n]*\r\n)*)/.exec(text);
          const words = [...(taken?.[2] ?? '').matchAll(/\$\d+\r\n([^\r\n]*)\r\n/g)].map(([, word]) => word);
          if (!taken || words.length < Number(taken[1])) return;
          text = text.slice(taken[0].length);
          if (words[0] === 'AUTH') {
            isKnown = words.at(-1) === password;
            socket.write(isKnown ? '+OK\r\n' : '-WRONGPASS invalid username-password pair\r\n');
          } else socket.write(isKnown ? '+PONG\r\n' : '-NOAUTH Authentication required.\r\n');
        }
      });
    }),
  );
}
