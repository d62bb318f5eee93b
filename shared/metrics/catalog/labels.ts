import type { Label } from '../definition.ts';

/** Display names for groups, in addition to the grouped values. */
export const labels: ReadonlyMap<string, Label> = new Map([
  ['scenario_name', { fact: 'events', measure: 'scenario_name_latest' }],
]);
