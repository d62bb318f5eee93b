import { request } from 'node:http';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { z } from 'zod';

/** A POST that a client in a separate thread sends. */
export interface Sent {
  url: string;
  headers: Record<string, string>;
  bytes: Uint8Array;
}

const answerSchema = z.object({ status: z.number(), text: z.string() });

/** Sends from a separate thread, so that the client does not run in this event loop. */
export function sendApart(sent: Sent): Promise<z.output<typeof answerSchema>> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: sent });
    worker.once('message', (answer: unknown) => resolve(answerSchema.parse(answer)));
    worker.once('error', reject);
  });
}

const sentSchema = z.object({
  url: z.string(),
  headers: z.record(z.string(), z.string()),
  bytes: z.instanceof(Uint8Array),
});

/** Runs in the thread. */
function send({ url, headers, bytes }: z.output<typeof sentSchema>, reply: (answer: object) => void): void {
  const outgoing = request(url, { method: 'POST', headers: { ...headers, 'content-length': String(bytes.length) } });
  outgoing.on('response', (response) => {
    let text = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      text += chunk;
    });
    response.on('end', () => reply({ status: response.statusCode, text }));
  });
  outgoing.end(bytes);
}

const given = sentSchema.safeParse(workerData);
if (given.success) send(given.data, (answer) => parentPort?.postMessage(answer));
