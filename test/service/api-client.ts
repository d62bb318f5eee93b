import { routes } from '../../api/routes/index.ts';
import { eventually } from '../eventually.ts';
import { createConformance } from './conformance.ts';

export interface ApiAnswer {
  status: number;
  headers: Headers;
  /** The body as JSON; null where it is none. */
  // biome-ignore lint/suspicious/noExplicitAny: an answer is any JSON, and assertions look into it
  json: any;
  bytes: Buffer;
}

export interface ApiClient {
  send(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<ApiAnswer>;
  get(path: string, headers?: Record<string, string>): Promise<ApiAnswer>;
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<ApiAnswer>;
  patch(path: string, body: unknown): Promise<ApiAnswer>;
  put(path: string, body: unknown): Promise<ApiAnswer>;
  delete(path: string): Promise<ApiAnswer>;
  /** Asks for a report and waits until it is closed. */
  report(body: Record<string, unknown>): Promise<ApiAnswer>;
}

/** Every answer that any test gets holds the OpenAPI document to be true. */
const requireDocumented = createConformance(routes);

/** A client of the API as any other: it knows an address and a key. */
export function createApiClient(origin: string, key: string | null): ApiClient {
  const send: ApiClient['send'] = async (method, path, body, headers = {}) => {
    const isRaw = typeof body === 'string' || body instanceof Uint8Array;
    const response = await fetch(`${origin}/api/v1/analytics${path}`, {
      method,
      headers: {
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: isRaw ? body : JSON.stringify(body) }),
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    const contentType = response.headers.get('content-type') ?? '';
    const isJson = contentType.includes('json') && response.status !== 206;
    const json = isJson && bytes.length > 0 ? JSON.parse(bytes.toString('utf8')) : null;
    requireDocumented({
      method,
      path,
      sent: isRaw || body === undefined ? undefined : JSON.parse(JSON.stringify(body)),
      status: response.status,
      contentType,
      received: bytes.length === 0 ? undefined : isJson ? json : bytes.toString('latin1'),
    });
    return { status: response.status, headers: response.headers, json, bytes };
  };
  const client: ApiClient = {
    send,
    get: (path, headers) => send('GET', path, undefined, headers),
    post: (path, body, headers) => send('POST', path, body, headers),
    patch: (path, body) => send('PATCH', path, body),
    put: (path, body) => send('PUT', path, body),
    delete: (path) => send('DELETE', path),
    async report(body) {
      const asked = await send('POST', '/reports', body);
      if (asked.status !== 202) return asked;
      return eventually(`the end of report ${asked.json.id}`, 120_000, async () => {
        const answer = await send('GET', `/reports/${asked.json.id}`);
        return ['completed', 'failed', 'cancelled'].includes(answer.json.status) ? answer : undefined;
      });
    },
  };
  return client;
}
