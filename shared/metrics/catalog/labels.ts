import type { Label } from '../definition.ts';

/** What groups can be called beside the values that they are grouped by. */
export const labels: ReadonlyMap<string, Label> = new Map([
  ['scenario_name', { fact: 'events', measure: 'scenario_name_latest' }],
]);
