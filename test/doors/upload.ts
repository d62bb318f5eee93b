import { connect, type Socket } from 'node:net';

export interface UploadHead {
  /** Without it the body comes in chunks. */
  contentLength?: number;
  headers?: Record<string, string>;
  path?: string;
}

/** A connection of a client that sends whatever it likes, whenever it likes. */
export interface Upload {
  socket: Socket;
  /** All that was answered when the connection ends. */
  ended: Promise<string>;
  /** The status of the answer. */
  status(): Promise<number>;
  close(): void;
}

/** Begins a POST and sends its head alone. */
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
