import { describe, expect, it } from 'vitest';
import { priceUsage } from '../shared/domain/pricing.ts';
import { createPrivacy, DEFAULT_PRIVACY } from '../shared/domain/privacy.ts';
import { splitTokens } from '../shared/domain/tokens.ts';
import { prepareBatch } from '../shared/telemetry/prepare.ts';
import { asOf, recordTime } from './cut-off.ts';
import { dayOfTelemetry } from './day.ts';
import { models } from './models.ts';
import type { ExecutionRecord, SampleRecord } from './records.ts';
import { WallClocks } from './rhythm.ts';
import { sampleRecords } from './sample.ts';
import { tools } from './tools.ts';

const endsAt = new Date('2026-03-18T15:20:00.000Z');
const sample = [...sampleRecords({ seed: 1, endsAt })];

function ofType<T extends SampleRecord['type']>(type: T, from = sample): Extract<SampleRecord, { type: T }>[] {
  return from.filter((record): record is Extract<SampleRecord, { type: T }> => record.type === type);
}

/** Returns the id of a record, whose field depends on the type. */
function idOf(record: SampleRecord): string {
  switch (record.type) {
    case 'user':
      return record.user_id;
    case 'agent':
      return record.agent_id;
    case 'session':
      return record.session_id;
    case 'execution':
      return record.execution_id;
    case 'workflow':
      return record.workflow_id;
    case 'tool_usage':
    case 'ai_usage':
      return record.usage_id;
    case 'event':
      return record.event_id;
    case 'api_call':
      return record.call_id;
    case 'error':
      return record.error_id;
  }
}

const textById = (records: readonly SampleRecord[]) =>
  new Map(records.map((record) => [idOf(record), JSON.stringify(record)]));

describe('the sample as a whole', () => {
  it('is about 50,000 records of every type', () => {
    expect(sample.length).toBeGreaterThan(45_000);
    expect(sample.length).toBeLessThan(55_000);
    expect(Object.keys(Object.groupBy(sample, ({ type }) => type)).sort()).toEqual(
      [
        'agent',
        'ai_usage',
        'api_call',
        'error',
        'event',
        'execution',
        'session',
        'tool_usage',
        'user',
        'workflow',
      ].sort(),
    );
  });

  it('has users, agents and models in realistic numbers', () => {
    expect(ofType('agent').length).toBeGreaterThan(24);
    expect(new Set(ofType('ai_usage').map(({ model }) => model))).toEqual(new Set(models.keys()));
    expect(new Set(ofType('tool_usage').map(({ tool_name }) => tool_name))).toEqual(new Set(tools.keys()));
    expect(new Set(ofType('execution').map(({ user_id }) => user_id)).size).toBeGreaterThan(250);
  });

  it('is accepted by the server without errors', () => {
    const privacy = createPrivacy(DEFAULT_PRIVACY, 'sample', 'any secret');
    const receiver = { orgId: 'sample', privacy, retentionFloors: new Map(), memberUserId: null };
    expect(prepareBatch(sample, receiver, endsAt).errors).toEqual([]);
  });

  it('has unique ids', () => {
    expect(new Set(sample.map(idOf)).size).toBe(sample.length);
  });
});

describe('made again', () => {
  it('is identical byte for byte in every run', () => {
    const again = [...sampleRecords({ seed: 1, endsAt })];
    expect(JSON.stringify(again)).toBe(JSON.stringify(sample));
  });

  it('differs with another seed', () => {
    const other = ofType('execution', [...sampleRecords({ seed: 2, endsAt, records: 5_000 })]);
    const known = new Set(ofType('execution').map(idOf));
    expect(other.filter((record) => known.has(idOf(record)))).toEqual([]);
  });

  it('keeps its records on a later day, except those in progress', () => {
    const later = textById([...sampleRecords({ seed: 1, endsAt: new Date('2026-03-20T06:00:00.000Z') })]);
    const firstKept = Date.parse('2026-02-18T00:00:00.000Z');
    const changed = sample
      .filter((record) => recordTime(record) >= firstKept)
      .filter((record) => later.get(idOf(record)) !== JSON.stringify(record));
    expect(changed.length).toBeLessThan(60);
    for (const record of changed) {
      expect(['session', 'execution', 'tool_usage', 'workflow']).toContain(record.type);
      expect('ended_at' in record ? record.ended_at : undefined).toBeUndefined();
    }
  });

  it('adds sessions and keeps the others when more records are requested', () => {
    const day = Date.parse('2026-03-11T00:00:00.000Z');
    const few = dayOfTelemetry(1, day, 400, new WallClocks());
    const many = textById(dayOfTelemetry(1, day, 1_600, new WallClocks()));
    expect(few.filter((record) => many.get(idOf(record)) !== JSON.stringify(record))).toEqual([]);
  });
});

describe('its end', () => {
  it('contains no times after its end', () => {
    const now = endsAt.getTime();
    expect(sample.filter((record) => recordTime(record) > now)).toEqual([]);
    const ended = sample.filter((record) => 'ended_at' in record && Date.parse(record.ended_at ?? '1970') > now);
    expect(ended).toEqual([]);
  });

  it('leaves unended records in progress, without result fields', () => {
    const open = ofType('execution').filter(({ status }) => status === 'in_progress');
    const finish: (keyof ExecutionRecord)[] = ['ended_at', 'response', 'error_type', 'steps', 'input_tokens'];
    for (const execution of open) expect(finish.filter((field) => execution[field] !== undefined)).toEqual([]);
    // The busiest hour of this day in Europe and America: someone is always at work.
    const busy = dayOfTelemetry(1, Date.parse('2026-03-18T00:00:00.000Z'), 30_000, new WallClocks())
      .map((record) => asOf(record, Date.parse('2026-03-18T15:00:00.000Z')))
      .filter((record) => record !== undefined);
    expect(ofType('execution', busy).filter(({ status }) => status === 'in_progress').length).toBeGreaterThan(0);
    expect(ofType('session', busy).filter(({ ended_at }) => ended_at === undefined).length).toBeGreaterThan(0);
  });
});

describe('consistency of its records', () => {
  const executions = new Map(ofType('execution').map((execution) => [execution.execution_id, execution]));
  const finished = [...executions.values()].filter(({ status }) => status !== 'in_progress');

  it('nothing ends before it begins', () => {
    for (const record of sample) {
      if (!('ended_at' in record) || record.ended_at === undefined) continue;
      expect(Date.parse(record.ended_at)).toBeGreaterThanOrEqual(Date.parse(record.started_at));
    }
  });

  it('every referenced user has a record', () => {
    const known = new Set(ofType('user').map(({ user_id }) => user_id));
    expect(ofType('session').filter(({ user_id }) => !known.has(user_id))).toEqual([]);
  });

  it('every tool usage lies within its execution', () => {
    for (const { usage_id, execution_id, started_at, ended_at } of ofType('tool_usage')) {
      const execution = executions.get(execution_id);
      expect(execution, usage_id).toBeDefined();
      expect(started_at >= (execution?.started_at ?? '')).toBe(true);
      if (execution?.ended_at) expect((ended_at ?? '') <= execution.ended_at, usage_id).toBe(true);
    }
  });

  it('every session exists and contains its executions', () => {
    const sessions = new Map(ofType('session').map((session) => [session.session_id, session]));
    for (const { session_id, started_at, ended_at } of executions.values()) {
      const session = sessions.get(session_id);
      expect(session).toBeDefined();
      expect(started_at >= (session?.started_at ?? '')).toBe(true);
      if (session?.ended_at) expect((ended_at ?? '9') <= session.ended_at).toBe(true);
    }
  });

  it("an execution's tokens are the sum of its model calls", () => {
    const used = Map.groupBy(ofType('ai_usage'), ({ execution_id }) => execution_id);
    for (const { execution_id, input_tokens, output_tokens } of finished) {
      const calls = used.get(execution_id) ?? [];
      expect(calls.reduce((sum, call) => sum + call.input_tokens, 0)).toBe(input_tokens);
      expect(calls.reduce((sum, call) => sum + call.output_tokens, 0)).toBe(output_tokens);
    }
  });

  it('partial token counts never exceed the total, and every call has a price', () => {
    for (const call of ofType('ai_usage')) {
      expect(call.cached_input_tokens + call.cache_write_tokens).toBeLessThanOrEqual(call.input_tokens);
      expect(call.reasoning_tokens).toBeLessThanOrEqual(call.output_tokens);
      const cost = priceUsage({ ...call, ...splitTokens(call), at: new Date(call.occurred_at) });
      expect(cost.cost_source, call.model).toBe('priced');
    }
  });

  it('failures have an error, and their errors form few groups', () => {
    const failed = finished.filter(({ status }) => status === 'failure' || status === 'timeout');
    expect(failed.length / finished.length).toBeGreaterThan(0.02);
    expect(failed.length / finished.length).toBeLessThan(0.12);
    expect(failed.filter(({ error_type, error_message }) => !error_type || !error_message)).toEqual([]);
    const errors = ofType('error');
    const logged = new Set(errors.map(({ execution_id }) => execution_id));
    expect(failed.filter(({ execution_id }) => !logged.has(execution_id))).toEqual([]);
    expect(new Set(errors.map(({ stack_trace }) => stack_trace.split('\n').slice(1).join())).size).toBeLessThan(15);
  });
});

describe('its rhythm', () => {
  const executions = ofType('execution');

  it('has working hours', () => {
    const zones = new Map(ofType('user').map(({ user_id, properties }) => [user_id, properties.time_zone]));
    const berlin = executions.filter(({ user_id }) => zones.get(user_id) === 'Europe/Berlin');
    const hourOf = ({ started_at }: ExecutionRecord) =>
      Number(
        new Date(started_at).toLocaleString('en', { timeZone: 'Europe/Berlin', hour: '2-digit', hourCycle: 'h23' }),
      );
    const between = (from: number, to: number) => berlin.filter((e) => hourOf(e) >= from && hourOf(e) < to).length;
    expect(between(9, 12)).toBeGreaterThan(5 * between(1, 4));
  });

  it('has weekends', () => {
    const byDay = Object.entries(Object.groupBy(executions, ({ started_at }) => started_at.slice(0, 10)));
    const mean = (days: number[]) => {
      const of = byDay.filter(([day]) => days.includes(new Date(day).getUTCDay())).map(([, ran]) => ran?.length ?? 0);
      return of.reduce((sum, count) => sum + count, 0) / of.length;
    };
    expect(mean([2, 3, 4])).toBeGreaterThan(1.7 * mean([0, 6]));
  });

  it('has latencies with a long tail', () => {
    const took = ofType('ai_usage').map(({ latency_ms }) => latency_ms);
    took.sort((one, other) => one - other);
    const quantile = (share: number) => took[Math.floor(share * took.length)] ?? 0;
    expect(quantile(0.99)).toBeGreaterThan(4 * quantile(0.5));
  });

  it('has the well-known events, refusals and faults of the API', () => {
    const names = new Set(ofType('event').map(({ event_name }) => event_name));
    const known = ['login', 'message_sent', 'file_uploaded', 'page_view', 'conversation_started', 'conversation_ended'];
    const more = ['scenario_started', 'scenario_completed', 'quiz_taken', 'agent_created'];
    for (const name of [...known, ...more]) expect(names).toContain(name);
    const codes = new Set(ofType('api_call').map(({ status_code }) => status_code));
    for (const code of [200, 201, 401, 429, 500, 504]) expect(codes).toContain(code);
  });
});
