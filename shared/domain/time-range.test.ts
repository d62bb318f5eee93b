import { describe, expect, it } from 'vitest';
import { rangeFault, requestedRange, timeRangeSchema } from './time-range.ts';

const now = new Date('2026-03-10T12:00:00.000Z');
const range = (fields: object) => requestedRange(timeRangeSchema.parse(fields), now);

describe('a time range', () => {
  it('is the last seven days where nothing is said', () => {
    expect(range({})).toEqual({ start: { at: new Date('2026-03-03T12:00:00.000Z') }, end: { at: now } });
  });

  it.each([
    [{ period: '24h' }, '2026-03-09T12:00:00.000Z'],
    [{ period: '30d' }, '2026-02-08T12:00:00.000Z'],
    [{ days: '2' }, '2026-03-08T12:00:00.000Z'],
  ])('rolls for %j', (fields, start) => {
    expect(range(fields)).toEqual({ start: { at: new Date(start) }, end: { at: now } });
  });

  it('takes days whole and moments as they are', () => {
    expect(range({ start_date: '2026-02-27', end_date: '2026-02-28' })).toEqual({
      start: { day: '2026-02-27' },
      end: { day: '2026-03-01' },
    });
    expect(range({ start_date: '2026-02-27T10:00:00+02:00', end_date: '2026-02-28' })).toEqual({
      start: { at: new Date('2026-02-27T08:00:00Z') },
      end: { day: '2026-03-01' },
    });
  });

  it.each([
    [{ period: '7d', days: 7 }, 'period'],
    [{ days: 7, start_date: '2026-01-01', end_date: '2026-01-02' }, 'period'],
    [{ start_date: '2026-01-01' }, 'end_date'],
    [{ end_date: '2026-01-01' }, 'start_date'],
  ])('is refused for %j', (fields, field) => {
    expect(range(fields)).toMatchObject({ field });
  });

  it('ends after it starts, 400 days later at most, a day of 25 hours among them', () => {
    const start = new Date('2026-01-01T00:00:00Z');
    const hoursLater = (hours: number) => new Date(start.getTime() + hours * 3_600_000);
    expect(rangeFault(start, hoursLater(400 * 24 + 1))).toBeNull();
    expect(rangeFault(start, hoursLater(400 * 24 + 2))).toMatchObject({ field: 'period' });
    expect(rangeFault(start, start)).toMatchObject({ field: 'end_date' });
  });

  it.each(['7', '0d', '7w', '-1d', '1e3d'])('does not know the period %s', (period) => {
    expect(timeRangeSchema.safeParse({ period }).success).toBe(false);
  });
});

it('lies in years that every clock can write', () => {
  const fields = (start_date: string, end_date: string) => timeRangeSchema.safeParse({ start_date, end_date }).success;
  expect(fields('1900-01-01', '2999-12-31T23:59:59Z')).toBe(true);
  expect(fields('0000-12-31', '2026-01-31')).toBe(false);
  expect(fields('2026-01-31', '9999-12-31')).toBe(false);
});
