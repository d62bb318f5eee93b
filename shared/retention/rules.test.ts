import { expect, it } from 'vitest';
import { changedRetention, cutoffOf, purgeTargets } from './rules.ts';

it('cuts off at a UTC midnight, whatever the hour', () => {
  const morning = new Date('2026-03-01T00:00:00.000Z');
  const night = new Date('2026-03-01T23:59:59.999Z');
  for (const at of [morning, night]) expect(cutoffOf(1, at).toISOString()).toBe('2026-02-28T00:00:00.000Z');
  expect(cutoffOf(366, morning).toISOString()).toBe('2025-02-28T00:00:00.000Z');
});

it('merges changes: null keeps all, what is not named stays', () => {
  expect(changedRetention({ events: 5, errors: 6 }, { events: null, sessions: 7 })).toEqual({ errors: 6, sessions: 7 });
  expect(changedRetention({ events: 5 }, {})).toEqual({ events: 5 });
});

it('purges what belongs to executions before them, and nothing that is kept', () => {
  const at = new Date('2026-03-01T02:30:00Z');
  const cutoff = '2026-02-19T00:00:00.000Z';
  expect(purgeTargets({ rollups: 10, executions: 10 }, at)).toEqual([
    { name: 'tool_usages', kind: 'executions', cutoff },
    { name: 'executions', kind: 'executions', cutoff },
    { name: 'rollups', kind: 'rollups', cutoff },
  ]);
  expect(purgeTargets({}, at)).toEqual([]);
});
