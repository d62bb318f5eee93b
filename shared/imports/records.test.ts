import { describe, expect, it } from 'vitest';
import type { ImportMapping } from '../contracts/imports.ts';
import { mapColumns } from './mapping.ts';
import { createRecordReader } from './records.ts';

const contentSha256 = 'f'.repeat(64);
const id = (line: number) => `${'f'.repeat(32)}-${line}`;
const mapping = (given: Partial<ImportMapping> = {}): ImportMapping => ({
  fields: {},
  constants: {},
  skipped: [],
  ...given,
});

function read(header: string[] | null, texts: string[], given?: Partial<ImportMapping>) {
  const reader = createRecordReader({ mapping: mapping(given), header, contentSha256 });
  return reader(texts.map((text, n) => ({ number: n + 2, text, fault: undefined }))).map((record) =>
    'raw' in record ? record.raw : record.errors[0]?.message,
  );
}

describe('a CSV', () => {
  it('converts cells to the types of their fields and fills empty cells from the constants', () => {
    const constants = { type: 'ai_usage', feature: 'chat', success: 'true', latency_ms: '12.5' };
    const header = ['occurred_at', 'tokens', 'model', 'latency_ms', 'note'];
    const given = { fields: { input_tokens: 'tokens' }, constants, skipped: ['note'] };
    expect(read(header, ['2026-01-01T00:00:00Z,7,4.5,,x', '"2026","1,5","a ""b""",3,'], given)).toEqual([
      {
        type: 'ai_usage',
        usage_id: id(2),
        occurred_at: '2026-01-01T00:00:00Z',
        input_tokens: 7,
        model: '4.5',
        feature: 'chat',
        success: true,
        latency_ms: 12.5,
      },
      {
        type: 'ai_usage',
        usage_id: id(3),
        occurred_at: '2026',
        input_tokens: '1,5',
        model: 'a "b"',
        feature: 'chat',
        success: true,
        latency_ms: 3,
      },
    ]);
  });

  it('reads the type per row, lists and JSON, and reports malformed lines one by one', () => {
    const header = ['type', 'execution_id', 'agent_tags', 'usage_id', 'input_data'];
    const rows = ['execution,e1,"a, b",,', 'tool_usage,e1,,u1,"{""q"":1}"', 'event', 'x"y,1,2,3,4'];
    expect(read(header, rows)).toEqual([
      { type: 'execution', execution_id: 'e1', agent_tags: ['a', 'b'] },
      { type: 'tool_usage', execution_id: 'e1', usage_id: 'u1', input_data: { q: 1 } },
      'the line has 1 cells, the header has 5',
      expect.stringMatching(/^the line is not valid CSV: Invalid Opening Quote/),
    ]);
  });

  it('is rejected if columns match no field', () => {
    const faults = (header: string[], given: Partial<ImportMapping>) => {
      try {
        mapColumns(header, mapping(given));
        return [];
      } catch (error) {
        return error instanceof Error && 'errors' in error ? error.errors : error;
      }
    };
    const type = 'ai_usage';
    expect(faults(['model'], {})).toMatchObject([{ field: 'type' }]);
    expect(faults(['modell'], { constants: { type } })).toMatchObject([{ field: 'modell' }]);
    expect(faults(['model'], { constants: { type: 'usage' } })).toMatchObject([{ field: 'type' }]);
    expect(faults(['model'], { constants: { type, colour: 'red' } })).toMatchObject([{ field: 'colour' }]);
    expect(faults(['model'], { constants: { type }, fields: { provider: 'vendor' } })).toMatchObject([
      { field: 'vendor' },
    ]);
    expect(faults(['model', 'm'], { constants: { type }, fields: { model: 'm' } })).toMatchObject([{ field: 'model' }]);
  });
});

describe('NDJSON', () => {
  it('has its fields renamed and filled, and an id generated if it has none', () => {
    const given = { fields: { agent_id: 'bot' }, constants: { type: 'execution', status: 'success', steps: '2' } };
    const lines = ['{"bot":"a"}', '{"type":"event","event_id":"e"}', '{"steps":0,"execution_id":"x"}', '{"a', '[]'];
    expect(read(null, lines, given)).toEqual([
      { type: 'execution', execution_id: id(2), agent_id: 'a', status: 'success', steps: 2 },
      { type: 'event', event_id: 'e' },
      { type: 'execution', execution_id: 'x', status: 'success', steps: 0 },
      expect.stringMatching(/^the line is not valid JSON/),
      [],
    ]);
  });
});
