import { type RawBuilder, sql } from 'kysely';
import type { Fact, FactKind } from '../facts/index.ts';
import { ownerColumns } from '../facts/report-filters.ts';
import type { BaseFormula } from './definition.ts';

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

/** The condition that a row's dimension has one of some values; null stands for rows without one. */
export function hasValue(
  dimension: Dimension,
  value: RawBuilder<unknown>,
  wanted: readonly (string | null)[],
): RawBuilder<unknown> {
  // As an array, which is made once and which an index can look up.
  const texts = sql`ARRAY(SELECT json_array_elements_text(${JSON.stringify(wanted.filter((one) => one !== null))}::json))`;
  if (dimension.name === 'agent_tag') {
    return sql`${value} IN (SELECT a.agent_id FROM agents a WHERE a.org_id = t.org_id AND a.tags && ${texts})`;
  }
  const given = sql`${value} = ANY (${texts})`;
  return wanted.includes(null) ? sql`(${given} OR ${value} IS NULL)` : given;
}

/** The facts that a formula reads; the users of several facts have only what all of them have. */
export function factsOf(formula: Exclude<BaseFormula, { kind: 'known-users' }>): readonly FactKind[] {
  return formula.kind === 'distinct' ? formula.facts : [formula.fact];
}
