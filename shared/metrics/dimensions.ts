import { type RawBuilder, sql } from 'kysely';
import type { Fact, FactKind } from '../facts/index.ts';
import { ownerColumns } from '../facts/report-filters.ts';
import type { BaseFormula } from './definition.ts';
import type { Filter } from './question.ts';

/** What a fact's rows are grouped and filtered by, as a client calls it. */
export interface Dimension {
  name: string;
  /** The value in a row `t` of the facts. */
  ofFact: RawBuilder<unknown>;
  needsExecution: boolean;
  /** The value in a row `t` of the rollup; null where only the facts tell. */
  ofRollup: RawBuilder<unknown> | null;
  /** The rollup's column that it is, or is found by. */
  column: string;
}

/** Places on the local clock, to group by: hours from 0 to 23, weekdays from Monday, 1, to Sunday, 7. */
export const CLOCK_DIMENSIONS = ['hour_of_day', 'weekday'] as const;
export type ClockDimension = (typeof CLOCK_DIMENSIONS)[number];

export function isClockDimension(name: string): name is ClockDimension {
  return CLOCK_DIMENSIONS.some((clock) => clock === name);
}

/** What clients call the columns that have another name here. */
const NAMES: Readonly<Record<string, string>> = {
  agent_id: 'agent',
  tool_name: 'tool',
  user_id: 'user',
  session_id: 'session',
  external_api_called: 'external_api',
  fingerprint: 'error_group',
};

/** Columns of text that nobody groups by: contents, and ids of single rows. */
const CONTENTS = new Set([
  'query',
  'response',
  'error_message',
  'stack_trace',
  'message',
  'user_agent',
  'ip_address',
  'url',
]);

/** The dimensions of a fact, by name. */
export function dimensionsOf(fact: Fact): ReadonlyMap<string, Dimension> {
  const found = new Map<string, Dimension>();
  const add = (
    column: string,
    ofFact: RawBuilder<unknown>,
    needsExecution: boolean,
    ofRollup: RawBuilder<unknown> | null,
  ) => {
    const name = NAMES[column] ?? column;
    if (!found.has(name)) found.set(name, { name, ofFact, needsExecution, ofRollup, column });
  };
  for (const [column, { value, source }] of Object.entries(fact.rollup.dimensions)) {
    add(column, value, source !== undefined, sql.ref(`t.${column}`));
  }
  for (const [column, { type }] of Object.entries(fact.columns)) {
    if (type === 'text' && !CONTENTS.has(column)) add(column, sql.ref(`t.${column}`), false, null);
  }
  const owners = ownerColumns(fact);
  if (owners.userId === 'execution') add('user_id', sql`execution.user_id`, true, null);
  const agent = found.get('agent');
  if (agent) {
    found.set('agent_type', {
      ...agent,
      name: 'agent_type',
      ofFact: typeOf(agent.ofFact),
      ofRollup: agent.ofRollup && typeOf(agent.ofRollup),
    });
    // Only to filter by: an agent may have several.
    found.set('agent_tag', { ...agent, name: 'agent_tag' });
  }
  return found;
}

/** Types belong to the agent as it is known now. */
function typeOf(agentId: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`(SELECT a.agent_type FROM agents a WHERE a.org_id = t.org_id AND a.agent_id = ${agentId})`;
}

/** The condition that a row's dimension, whose value is given, satisfies a filter. */
export function satisfies(dimension: Dimension, value: RawBuilder<unknown>, filter: Filter): RawBuilder<unknown> {
  switch (filter.operator) {
    case 'equal':
      return isAnyOf(dimension, value, [filter.value]);
    case 'in':
      return isAnyOf(dimension, value, filter.value);
    case 'not_equal':
      return sql`(${isAnyOf(dimension, value, [filter.value])}) IS NOT TRUE`;
    case 'not_in':
      return sql`(${isAnyOf(dimension, value, filter.value)}) IS NOT TRUE`;
    case 'is_null':
      return isNull(dimension, value);
    case 'is_not_null':
      return sql`NOT (${isNull(dimension, value)})`;
    case 'contains':
      return isLike(dimension, value, `%${escaped(filter.value)}%`);
    case 'starts_with':
      return isLike(dimension, value, `${escaped(filter.value)}%`);
  }
}

/** Whether rows without a value of the dimension fail a filter. */
export function refusesNull(filter: Filter): boolean {
  switch (filter.operator) {
    case 'equal':
      return filter.value !== null;
    case 'in':
      return !filter.value.includes(null);
    case 'is_not_null':
    case 'contains':
    case 'starts_with':
      return true;
    case 'not_equal':
    case 'not_in':
    case 'is_null':
      return false;
  }
}

function isAnyOf(
  dimension: Dimension,
  value: RawBuilder<unknown>,
  wanted: readonly (string | null)[],
): RawBuilder<unknown> {
  // As an array, which is made once and which an index can look up.
  const texts = sql`ARRAY(SELECT json_array_elements_text(${JSON.stringify(wanted.filter((one) => one !== null))}::json))`;
  const given =
    dimension.name === 'agent_tag' ? isTagged(value, sql`a.tags && ${texts}`) : sql`${value} = ANY (${texts})`;
  return wanted.includes(null) ? sql`(${given} OR ${isNull(dimension, value)})` : given;
}

function isNull(dimension: Dimension, value: RawBuilder<unknown>): RawBuilder<unknown> {
  if (dimension.name !== 'agent_tag') return sql`${value} IS NULL`;
  return sql`(${isTagged(value, sql`cardinality(a.tags) > 0`)}) IS NOT TRUE`;
}

function isLike(dimension: Dimension, value: RawBuilder<unknown>, pattern: string): RawBuilder<unknown> {
  if (dimension.name !== 'agent_tag') return sql`${value} ILIKE ${pattern}`;
  return isTagged(value, sql`EXISTS (SELECT FROM unnest(a.tags) tag WHERE tag ILIKE ${pattern})`);
}

function isTagged(agentId: RawBuilder<unknown>, condition: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`${agentId} IN (SELECT a.agent_id FROM agents a WHERE a.org_id = t.org_id AND ${condition})`;
}

function escaped(pattern: string): string {
  return pattern.replace(/[\\%_]/g, (sign) => `\\${sign}`);
}

/** The dimensions that a question uses, of one fact; those of the clock aside, which belong to the time. */
export function usedDimensions(
  fact: Fact,
  { groupBy, filters }: { groupBy: readonly string[]; filters: readonly Filter[] },
) {
  const dimensions = dimensionsOf(fact);
  const find = (name: string): Dimension => {
    const dimension = dimensions.get(name);
    if (!dimension) throw new Error(`${fact.kind} has no dimension ${name}`);
    return dimension;
  };
  return {
    groups: groupBy.filter((name) => !isClockDimension(name)).map(find),
    conditions: filters.map((filter) => ({ dimension: find(filter.dimension), filter })),
  };
}

/** The facts that a formula reads; the users of several facts have only what all of them have. */
export function factsOf(formula: Exclude<BaseFormula, { kind: 'known-users' }>): readonly FactKind[] {
  return formula.kind === 'distinct' ? formula.facts : [formula.fact];
}
