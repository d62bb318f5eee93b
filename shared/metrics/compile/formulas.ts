import { type RawBuilder, sql } from 'kysely';
import type { BaseMetric, Metric } from '../definition.ts';
import { metricNamed } from '../made-of.ts';
import { isMoney } from '../value.ts';
import { measureColumn, quantileColumn, usersColumn } from './columns.ts';

const MINUTE_MS = 60_000;
const UNIT_MS = { minute: MINUTE_MS, hour: 60 * MINUTE_MS } as const;

/** What formulas of a row of a group are made of. */
export interface Operands {
  /** A column of a source, by its name (columns.ts); null where the source has no row of the group. */
  column(name: string): RawBuilder<unknown>;
  /** How much of the row's time has passed, in milliseconds; null where none has. */
  elapsedMs: RawBuilder<unknown>;
}

/** The type that a metric's expression has: money and sums are exact, all else is a double. */
export function typeOf({ formula, unit }: Metric): 'numeric' | 'float8' {
  switch (formula.kind) {
    case 'additive':
    case 'total':
    case 'difference':
    case 'distinct':
    case 'known-users':
      return 'numeric';
    case 'sketch':
      return 'float8';
    case 'ratio':
    case 'share':
    case 'quotient':
    case 'rate':
      return isMoney(unit) ? 'numeric' : 'float8';
  }
}

/** A metric's value for one group: 0 for counts and sums of nothing, null for rates and quantiles of nothing. */
export function compileFormula(metric: Metric, operands: Operands): RawBuilder<unknown> {
  const { formula } = metric;
  const type = sql.raw(typeOf(metric));
  const amountOf = (name: string) => sql`coalesce(${compileFormula(metricNamed(name), operands)}, 0)::${type}`;
  switch (formula.kind) {
    case 'total':
      return sql`(${sql.join(formula.of.map(amountOf), sql` + `)})`;
    case 'difference':
      return sql`greatest(0, ${amountOf(formula.of)} - ${amountOf(formula.less)})`;
    case 'share': {
      const whole = amountOf(formula.whole);
      return sql`CASE WHEN ${whole} <> 0 THEN least(100, 100 * ${amountOf(formula.part)} / ${whole}) END`;
    }
    case 'quotient':
      return sql`(${amountOf(formula.of)} / nullif(${amountOf(formula.per)}, 0))`;
    case 'rate':
      return sql`(${amountOf(formula.of)} * ${sql.lit(UNIT_MS[formula.per])} / (${operands.elapsedMs})::${type})`;
    default:
      return compileBase({ ...metric, formula }, operands);
  }
}

function compileBase(metric: BaseMetric, { column }: Operands): RawBuilder<unknown> {
  const { formula } = metric;
  const type = sql.raw(typeOf(metric));
  const measure = (name: string) => sql`coalesce(${column(measureColumn(metric, name))}, 0)::${type}`;
  switch (formula.kind) {
    case 'additive':
      return measure(formula.measure);
    case 'ratio': {
      const divisor = sql.join(formula.denominators.map(measure), sql` + `);
      return sql`(${sql.lit(formula.scale)} * ${measure(formula.numerator)} / nullif(${divisor}, 0))`;
    }
    case 'sketch':
      return column(quantileColumn({ ...metric, formula }));
    case 'distinct':
    case 'known-users':
      return sql`coalesce(${column(usersColumn(metric))}, 0)::${type}`;
  }
}
