import { factList } from '../facts/index.ts';
import { fullTier, smallTiers } from '../rollups/rollup-table.ts';

/** A table derived from facts: rows with an organisation and a time. */
export interface DerivedTable {
  table: string;
  timeColumn: 'bucket' | 'day' | 'date';
  /** Whether the time column is a date. */
  isDate: boolean;
}

/** Tables purged by the policy of rollups. `known_users` is kept, or a returning user would count as new. */
const rollups: readonly DerivedTable[] = [
  ...factList.flatMap((fact) =>
    [fullTier(fact), ...smallTiers(fact)].map(
      ({ table }): DerivedTable => ({ table, timeColumn: 'bucket', isDate: false }),
    ),
  ),
  { table: 'user_rollup', timeColumn: 'day', isDate: true },
  { table: 'user_days', timeColumn: 'day', isDate: true },
];

/** Closed days with their host averages. */
const systemSamples: readonly DerivedTable[] = [{ table: 'system_metrics_days', timeColumn: 'date', isDate: true }];

export const derivedTables = { rollups, system_samples: systemSamples } as const;
export type DerivedKind = keyof typeof derivedTables;
