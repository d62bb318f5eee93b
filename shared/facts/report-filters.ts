import type { ReportParameters } from '../domain/report-parameters.ts';
import type { FieldError } from '../errors.ts';
import type { ColumnType } from './fields.ts';
import type { Fact } from './index.ts';

/** How a raw report reaches the agent and the user of a row: in the row, or through its execution. */
export function ownerColumns(fact: Fact): {
  agentId: 'fact' | 'execution' | null;
  userId: 'fact' | 'execution' | null;
} {
  const through = 'execution_id' in fact.columns ? 'execution' : null;
  return {
    agentId: 'agent_id' in fact.columns ? 'fact' : through,
    userId: 'user_id' in fact.columns ? 'fact' : through,
  };
}

const FILTER_TYPES: Partial<Record<ColumnType, 'string' | 'number' | 'boolean'>> = {
  text: 'string',
  integer: 'number',
  bigint: 'number',
  numeric: 'number',
  boolean: 'boolean',
};

/** The columns that `filters` may name, with the JSON type of their values. */
function filterableColumns(fact: Fact): ReadonlyMap<string, 'string' | 'number' | 'boolean'> {
  const filterable = new Map<string, 'string' | 'number' | 'boolean'>([[fact.idColumn, 'string']]);
  for (const [name, column] of Object.entries(fact.columns)) {
    const type = FILTER_TYPES[column.type];
    if (type) filterable.set(name, type);
  }
  return filterable;
}

/** What of an aggregated report's parameters cannot be taken: its rows have no agent and no column of a fact. */
export function aggregateFilterFaults(parameters: ReportParameters): FieldError[] {
  return (['agent_ids', 'agent_tags', 'filters'] as const)
    .filter((field) => parameters[field] !== undefined)
    .map((field) => ({ field: `parameters.${field}`, message: 'belongs to raw reports; leave it out' }));
}

/** What of a raw report's parameters does not fit its fact; each fault lists what there is. */
export function reportFilterFaults(fact: Fact, parameters: ReportParameters): FieldError[] {
  const faults: FieldError[] = [];
  const owners = ownerColumns(fact);
  const refuse = (field: string, message: string) => faults.push({ field: `parameters.${field}`, message });
  if (!owners.userId && parameters.user_id !== undefined) refuse('user_id', `${fact.kind} carry no user; leave it out`);
  for (const field of ['agent_ids', 'agent_tags'] as const) {
    if (!owners.agentId && parameters[field] !== undefined) refuse(field, `${fact.kind} carry no agent; leave it out`);
  }
  const filterable = filterableColumns(fact);
  for (const [name, given] of Object.entries(parameters.filters ?? {})) {
    const type = filterable.get(name);
    if (!type) {
      refuse(`filters.${name}`, `is not a filter of ${fact.kind}; there are ${[...filterable.keys()].join(', ')}`);
      continue;
    }
    const values = Array.isArray(given) ? given : [given];
    if (values.some((value) => typeof value !== type)) refuse(`filters.${name}`, `must be a ${type}`);
    if (values.some((value) => typeof value === 'string' && value.includes('\u0000')))
      refuse(`filters.${name}`, 'holds a NUL character');
  }
  return faults;
}
