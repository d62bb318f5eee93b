import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { BASE_PATH } from '../../api/http/base-path.ts';

export interface ApiAnswer {
  status: number;
  body: unknown;
}

export interface ApiRequest {
  body?: unknown;
  idempotencyKey?: string | undefined;
}

const TRY_MS = 20_000;
const GIVE_UP_MS = 120_000;
const LONGEST_PAUSE_MS = 1_000;

/** A client as a careful one would be: what was not answered, or not finally, is sent again as it was. */
export class ApiClient {
  readonly #base: string;
  readonly #key: string;
  /** Tries that came to nothing, by HTTP status or the network's code. */
  readonly faults = new Map<string, number>();

  constructor(url: string, key: string) {
    this.#base = `${url}${BASE_PATH}`;
    this.#key = key;
  }

  /** One try. @throws TypeError where no answer came */
  async ask(method: string, path: string, { body, idempotencyKey }: ApiRequest = {}): Promise<ApiAnswer> {
    const response = await fetch(`${this.#base}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.#key}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(TRY_MS),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? null : JSON.parse(text) };
  }

  /** Tries until there is a final answer: any but 429 and 5xx. */
  async insist(method: string, path: string, request: ApiRequest = {}): Promise<ApiAnswer> {
    return this.#untilFinal(`${method} ${path}`, async () => {
      const answer = await this.ask(method, path, request);
      if (isPassing(answer.status)) throw new PassingFault(String(answer.status), { cause: answer.body });
      return answer;
    });
  }

  /** Downloads a file as often as it takes to get it whole. @returns its SHA-256 and, where asked for, its content */
  async download(path: string, { withContent = false } = {}): Promise<{ sha256: string; content: Buffer }> {
    return this.#untilFinal(`GET ${path}`, async () => {
      const response = await fetch(`${this.#base}${path}`, { headers: { authorization: `Bearer ${this.#key}` } });
      if (!response.ok || !response.body) {
        await response.body?.cancel();
        if (isPassing(response.status)) throw new PassingFault(String(response.status));
        throw new Error(`GET ${path} answers ${response.status}`);
      }
      const hash = createHash('sha256');
      const chunks: Uint8Array[] = [];
      for await (const chunk of response.body) {
        hash.update(chunk);
        if (withContent) chunks.push(chunk);
      }
      return { sha256: hash.digest('hex'), content: Buffer.concat(chunks) };
    });
  }

  async #untilFinal<Result>(what: string, attempt: () => Promise<Result>): Promise<Result> {
    const deadline = Date.now() + GIVE_UP_MS;
    for (let pauseMs = 50; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      try {
        return await attempt();
      } catch (error) {
        const fault = passingFault(error);
        this.faults.set(fault, (this.faults.get(fault) ?? 0) + 1);
        if (Date.now() > deadline) throw new Error(`${what} came to nothing for ${GIVE_UP_MS} ms`, { cause: error });
        await sleep(pauseMs);
      }
    }
  }
}

/** An answer that tells to try again. */
class PassingFault extends Error {}

function isPassing(status: number): boolean {
  return status === 429 || status >= 500;
}

/** No answer, or half of one, is a fault to try again after. @throws what we did wrong ourselves */
function passingFault(error: unknown): string {
  if (error instanceof PassingFault) return error.message;
  if (!(error instanceof Error)) throw error;
  if (error.name === 'TimeoutError') return 'no answer in time';
  if (!(error instanceof TypeError)) throw error;
  const { cause } = error;
  return cause instanceof Error && 'code' in cause ? String(cause.code) : error.message;
}
