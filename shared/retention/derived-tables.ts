import { factList } from '../facts/index.ts';
import { fullTier, smallTiers } from '../rollups/rollup-table.ts';

/** A table that is made from facts: rows of an organisation and a time. */
export interface DerivedTable {
  table: string;
  timeColumn: 'bucket' | 'day' | 'date';
  /** UTC days are dates there. */
  isDate: boolean;
}

/** What the policy of rollups removes. When a user was first seen stays: else who comes back would be new. */
const rollups: readonly DerivedTable[] = [
  ...factList.flatMap((fact) =>
    [fullTier(fact), ...smallTiers(fact)].map(
      ({ table }): DerivedTable => ({ table, timeColumn: 'bucket', isDate: false }),
    ),
  ),
  { table: 'user_rollup', timeColumn: 'day', isDate: true },
  { table: 'user_days', timeColumn: 'day', isDate: true },
];

/** The days that were closed, with the state of the hosts in them. */
const systemSamples: readonly DerivedTable[] = [{ table: 'system_metrics_days', timeColumn: 'date', isDate: true }];

export const derivedTables = { rollups, system_samples: systemSamples } as const;
export type DerivedKind = keyof typeof derivedTables;
