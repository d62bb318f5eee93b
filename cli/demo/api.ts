import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { BASE_PATH } from '../../api/http/base-path.ts';
import { CliError, reasonOf } from '../cli-error.ts';

/** Maximum attempts of a request on connection errors, 429 and 503. */
const maxTries = 12;
const waitMs = { unsaid: 1_000, most: 30_000 } as const;

export interface ApiRequest {
  method?: 'GET' | 'POST';
  key: string;
  headers?: Readonly<Record<string, string>>;
  body?: string | Uint8Array<ArrayBuffer>;
}

/** HTTP client of a stack's API. */
export interface Api {
  /** Sends a request. Retries connection errors, 429 and 503 after the requested delay; returns any other response. */
  send(path: string, request: ApiRequest): Promise<Response>;
  /** Like `send`, and parses the body. @throws CliError on an error status or an unexpected body */
  read<Schema extends z.ZodType>(path: string, request: ApiRequest, schema: Schema): Promise<z.output<Schema>>;
}

/** @param signal aborts requests in progress */
export function createApi(apiUrl: string, signal: AbortSignal): Api {
  const send = async (path: string, request: ApiRequest): Promise<Response> => {
    for (let tries = 1; ; tries += 1) {
      const { response, lack } = await attempt(`${apiUrl}${BASE_PATH}${path}`, request, signal);
      if (response && response.status !== 429 && response.status !== 503) return response;
      await response?.body?.cancel();
      if (tries === maxTries) throw new CliError(`The API did not accept ${path}: ${lack ?? 'it is overloaded'}.`);
      await sleep(pauseMs(response), undefined, { signal });
    }
  };
  return {
    send,
    async read(path, request, schema) {
      const response = await send(path, request);
      if (!response.ok) throw new CliError(`${path}: ${await whatIsWrong(response)}`);
      const result = schema.safeParse(await response.json());
      if (result.success) return result.data;
      throw new CliError(`${path}: unexpected response (${reasonOf(z.prettifyError(result.error))})`);
    },
  };
}

async function attempt(
  url: string,
  { key, method = 'GET', headers = {}, body }: ApiRequest,
  signal: AbortSignal,
): Promise<{ response?: Response; lack?: string }> {
  try {
    const authorized = { ...headers, authorization: `Bearer ${key}` };
    return {
      response: await fetch(url, { method, headers: authorized, signal, ...(body === undefined ? {} : { body }) }),
    };
  } catch (error) {
    signal.throwIfAborted();
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return { lack: reasonOf(cause) };
  }
}

function pauseMs(response: Response | undefined): number {
  const asked = Number(response?.headers.get('retry-after') ?? Number.NaN) * 1000;
  return Number.isFinite(asked) ? Math.min(Math.max(asked, 0), waitMs.most) : waitMs.unsaid;
}

const problemSchema = z.object({
  title: z.string(),
  errors: z.array(z.object({ field: z.string(), message: z.string() })).default([]),
});

/** Formats a problem document as one line. */
export async function whatIsWrong(response: Response): Promise<string> {
  const text = await response.text();
  try {
    const { title, errors } = problemSchema.parse(JSON.parse(text));
    return [title, ...errors.map(({ field, message }) => `${field} ${message}`)].join(' ');
  } catch {
    return `answered ${response.status} ${text.slice(0, 120).replaceAll(/\s+/g, ' ')}`;
  }
}
