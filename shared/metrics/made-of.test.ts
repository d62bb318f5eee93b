import { expect, it } from 'vitest';
import { catalog } from './catalog/index.ts';
import { baseOf, metricNamed, rateWithin } from './made-of.ts';

const namesOf = (name: string) => baseOf(metricNamed(name)).map((metric) => metric.name);

it('finds what a metric is made of, however deep', () => {
  expect(namesOf('executions.count')).toEqual(['executions.count']);
  expect(namesOf('users.returning_rate')).toEqual(['users.active', 'users.new', 'users.active']);
  expect(namesOf('costs.per_hour')).toEqual(['ai_usage.cost', 'tool_usages.cost']);
  expect(namesOf('sessions.avg_executions')).toEqual(['executions.in_sessions', 'sessions.count']);
});

it('tells the metrics that time comes into', () => {
  expect(rateWithin(metricNamed('queries_per_hour'))?.formula).toEqual({
    kind: 'rate',
    of: 'executions.count',
    per: 'hour',
  });
  expect(rateWithin(metricNamed('users.returning_rate'))).toBeNull();
  const made = { kind: 'quotient', of: 'sessions.count', per: 'costs.per_hour' } as const;
  expect(rateWithin({ ...metricNamed('sessions.count'), formula: made })?.name).toBe('costs.per_hour');
});

it('knows every metric that an entry of the catalog names', () => {
  for (const metric of catalog) expect(baseOf(metric).length, metric.name).toBeGreaterThan(0);
});
