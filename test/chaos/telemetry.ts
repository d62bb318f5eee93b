import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { ApiClient } from './client.ts';

/** The facts that live telemetry is sent to. */
export type LiveKind = 'events' | 'executions' | 'tool_usages' | 'ai_usage';

/** What was acknowledged: for each fact the number that each id carries, and how many events each nameless batch holds. */
export interface Acknowledged {
  records: number;
  facts: Record<LiveKind, Map<string, number>>;
  nameless: Map<string, number>;
  /** Answers that a client may not be given. */
  faults: string[];
}

interface Batch {
  records: object[];
  idempotencyKey: string | undefined;
}

const answerSchema = z.object({ accepted: z.number(), duplicates: z.number(), rejected: z.number() });

/** Without this the clients would take the machine's whole time from those that are watched. */
const PAUSE_MS = 25;

/**
 * Clients that send telemetry one batch after the other, each until it is acknowledged, and keep what they were told.
 * Some batches are sent once more after that, as clients do that have lost an answer.
 */
export class Telemetry {
  readonly acknowledged: Acknowledged = {
    records: 0,
    facts: { events: new Map(), executions: new Map(), tool_usages: new Map(), ai_usage: new Map() },
    nameless: new Map(),
    faults: [],
  };
  readonly #api: ApiClient;
  #stopping = false;
  #clients: Promise<void>[] = [];

  constructor(api: ApiClient) {
    this.#api = api;
  }

  start(clients: number): void {
    this.#clients = Array.from({ length: clients }, (_, client) => this.#run(client));
    // A client that fails is heard of when it is stopped.
    for (const client of this.#clients) client.catch(() => undefined);
  }

  /** Returns when the last batch of each client is acknowledged. */
  async stop(): Promise<Acknowledged> {
    this.#stopping = true;
    await Promise.all(this.#clients);
    return this.acknowledged;
  }

  async #run(client: number): Promise<void> {
    for (let n = 1; !this.#stopping; n += 1) {
      const batch = this.#batch(client, n);
      await this.#send(batch, batch.idempotencyKey === undefined ? 'once or again' : 'as the first time');
      if (n % 5 === 0 && batch.idempotencyKey === undefined) await this.#send(batch, 'again');
      await sleep(PAUSE_MS);
    }
  }

  async #send({ records, idempotencyKey }: Batch, expected: 'once or again' | 'again' | 'as the first time') {
    const { status, body } = await this.#api.insist('POST', '/batch', { body: records, idempotencyKey });
    const { accepted, duplicates, rejected } = answerSchema.parse(body);
    const isWhole = status === 202 && accepted + duplicates === records.length && rejected === 0;
    // A batch is stored whole or not at all, so that it is new as a whole or known as a whole.
    const isOne = accepted === 0 || duplicates === 0;
    const isExpected = { 'once or again': true, again: accepted === 0, 'as the first time': duplicates === 0 }[
      expected
    ];
    if (isWhole && isOne && isExpected) return;
    const answer = `${status} ${JSON.stringify(body)}`;
    this.acknowledged.faults.push(`a batch of ${records.length}, sent ${expected}, was answered with ${answer}`);
  }

  /** Makes a batch and notes what the database must hold once it is acknowledged, which it is before the next one. */
  #batch(client: number, n: number): Batch {
    const { facts, nameless } = this.acknowledged;
    const batch = `live-${client}-${n}`;
    const records: object[] = [];
    const now = new Date().toISOString();
    for (let i = 0; i < 10; i += 1) {
      const id = `${batch}-${i}`;
      // Without a time of its own a record gets another one with each try, and must be one record all the same.
      const when = i % 2 === 0 ? { occurred_at: now } : {};
      const event = { event_type: 'live', event_name: 'live', duration_ms: n * 10 + i };
      records.push({ type: 'event', event_id: id, ...event, ...when });
      facts.events.set(id, n * 10 + i);
    }
    for (let i = 0; i < 4; i += 1) {
      const id = `${batch}-${i}`;
      const begin = i % 2 === 0 ? { started_at: now } : {};
      records.push({ type: 'execution', execution_id: id, agent_id: 'live-agent', status: 'in_progress', ...begin });
      facts.executions.set(id, 0);
      const tool = { tool_name: 'live-tool', execution_id: id, status: 'success', api_response_time_ms: n + i };
      records.push({ type: 'tool_usage', usage_id: id, ...tool });
      facts.tool_usages.set(id, n + i);
      const call = { feature: 'live', success: true, latency_ms: 5, input_tokens: 7 * n, output_tokens: i };
      records.push({ type: 'ai_usage', usage_id: id, ...call, execution_id: id, occurred_at: now });
      facts.ai_usage.set(id, 7 * n + i);
      if (n === 1) continue;
      const finished = `live-${client}-${n - 1}-${i}`;
      const finish = { status: 'success', input_tokens: n, output_tokens: 3 * i };
      records.push({ type: 'execution', execution_id: finished, ...finish });
      facts.executions.set(finished, n + 3 * i);
    }
    // What has no id can only be told from its repetition by the key of its request.
    const isKeyed = n % 3 === 0;
    if (isKeyed) {
      for (let i = 0; i < 3; i += 1) records.push({ type: 'event', event_type: 'nameless', event_name: batch });
      nameless.set(batch, 3);
    }
    this.acknowledged.records += records.length;
    return { records, idempotencyKey: isKeyed ? `chaos-${batch}` : undefined };
  }
}
