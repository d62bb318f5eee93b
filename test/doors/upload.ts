import { connect, type Socket } from 'node:net';

export interface UploadHead {
  /** Without it the body is chunked. */
  contentLength?: number;
  headers?: Record<string, string>;
  path?: string;
}

/** The raw connection of an upload: the test decides what is sent, and when. */
export interface Upload {
  socket: Socket;
  /** Everything received, once the connection has ended. */
  ended: Promise<string>;
  /** The status of the answer. */
  status(): Promise<number>;
  close(): void;
}

/** Starts a POST and sends only its head. */
export async function beginUpload(
  origin: string,
  key: string,
  { contentLength, headers = {}, path = '/batch' }: UploadHead,
): Promise<Upload> {
  const { hostname, port } = new URL(origin);
  const socket = connect(Number(port), hostname);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve).once('error', reject);
  });
  let received = '';
  const status = Promise.withResolvers<number>();
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1');
    const [, code] = /^HTTP\/1\.1 (\d{3}) /.exec(received) ?? [];
    if (code !== undefined) status.resolve(Number(code));
  });
  socket.on('error', () => {});
  const ended = new Promise<string>((resolve) => socket.once('close', () => resolve(received)));
  const lines = Object.entries({
    host: 'localhost',
    authorization: `Bearer ${key}`,
    'content-type': 'application/x-ndjson',
    ...(contentLength === undefined ? { 'transfer-encoding': 'chunked' } : { 'content-length': String(contentLength) }),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`POST /api/v1/analytics${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
  return { socket, ended, status: () => status.promise, close: () => socket.destroy() };
}
