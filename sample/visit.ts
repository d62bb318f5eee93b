import type { Fault } from './faults.ts';
import type { Person } from './people.ts';
import type { Random } from './random.ts';
import { type EventRecord, type SampleRecord, wireTime } from './records.ts';

/** A provider incident: its models fail often and respond slowly. */
export interface Incident {
  readonly provider: string;
  readonly startsAt: number;
  readonly endsAt: number;
}

/** One generated session: its user, its ids, and its records so far. */
export class Visit {
  readonly random: Random;
  readonly person: Person;
  readonly records: SampleRecord[] = [];
  readonly #key: string;
  readonly #incident: Incident | undefined;
  readonly #counts = new Map<string, number>();

  /** @param key part of all its ids, unique to this visit */
  constructor(key: string, random: Random, person: Person, incident: Incident | undefined) {
    this.#key = key;
    this.random = random;
    this.person = person;
    this.#incident = incident;
  }

  get sessionId(): string {
    return `ses-${this.#key}`;
  }

  /** Returns the next id of a kind: `exe-…-1`, `exe-…-2`. */
  nextId(kind: string): string {
    const n = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, n);
    return `${kind}-${this.#key}-${n}`;
  }

  isTroubled(provider: string, at: number): boolean {
    const incident = this.#incident;
    return incident !== undefined && incident.provider === provider && at >= incident.startsAt && at < incident.endsAt;
  }

  event(
    at: number,
    type: string,
    name: string,
    more: Pick<EventRecord, 'feature' | 'duration_ms' | 'properties'>,
  ): void {
    this.records.push({
      type: 'event',
      event_id: this.nextId('evt'),
      event_type: type,
      event_name: name,
      user_id: this.person.id,
      session_id: this.sessionId,
      occurred_at: wireTime(at),
      ...more,
    });
  }

  /** Records a request to the platform's API that completed at this time. */
  apiCall(at: number, method: string, path: string, statusCode: number, durationMs: number, agentId?: string): void {
    this.records.push({
      type: 'api_call',
      call_id: this.nextId('api'),
      method,
      path,
      status_code: statusCode,
      duration_ms: Math.round(durationMs),
      user_id: this.person.id,
      agent_id: agentId,
      occurred_at: wireTime(at),
    });
  }

  error(at: number, fault: Fault, message: string, execution: { id: string; agentId: string }): void {
    this.records.push({
      type: 'error',
      error_id: this.nextId('err'),
      level: fault.level,
      message,
      exception_type: fault.exception,
      stack_trace: [`${fault.exception}: ${message}`, ...fault.stack.map((frame) => `    ${frame}`)].join('\n'),
      context: { agent_id: execution.agentId, zone: this.person.zone.name },
      url: `/v1/agents/${execution.agentId}/runs`,
      method: 'POST',
      status_code: fault.statusCode,
      user_id: this.person.id,
      session_id: this.sessionId,
      execution_id: execution.id,
      occurred_at: wireTime(at),
    });
  }
}
