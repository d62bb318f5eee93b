import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { gunzipSync } from 'node:zlib';

export interface FakeRequest {
  method: string;
  path: string;
  key: string;
  /** Unpacked. */
  body: string;
}

export interface FakeAnswer {
  status: number;
  headers?: Record<string, string>;
  body?: unknown;
}

/** An API for tests: it answers as it is told and remembers what it was asked. */
export interface FakeApi {
  url: string;
  requests: FakeRequest[];
  close(): void;
}

export async function startFakeApi(answer: (request: FakeRequest) => FakeAnswer): Promise<FakeApi> {
  const requests: FakeRequest[] = [];
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
    const bytes = Buffer.concat(chunks);
    const asked: FakeRequest = {
      method: request.method ?? '',
      path: request.url ?? '',
      key: (request.headers.authorization ?? '').replace('Bearer ', ''),
      body: (request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString(),
    };
    requests.push(asked);
    const { status, headers, body } = answer(asked);
    response.writeHead(status, headers).end(Buffer.isBuffer(body) ? body : JSON.stringify(body ?? {}));
  };
  const server = createServer((request, response) => void handle(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
