import type { z } from 'zod';

/** Descriptions of fields by name, for all schemas. */
const DESCRIPTIONS: Readonly<Record<string, string>> = {
  agent_id: 'Your id of the agent.',
  agent_ids: 'Only rows of these agents.',
  agent_name: 'Display name.',
  agent_tags: 'For a record: the tags of its agent. For a report: only rows of agents with one of these tags.',
  agent_type: 'Your own type of agent.',
  agents_involved: 'The participating agents.',
  api_calls_count: 'Number of calls to other systems.',
  api_response_time_ms: 'Response time of the other system.',
  api_status_code: 'The HTTP status of the other system.',
  cache_hit: 'Whether the answer came from a cache.',
  cache_write_tokens: 'Input tokens written to the model’s cache.',
  cached_input_tokens: 'Input tokens read from the model’s cache.',
  correlation_id: 'Your own id of the enclosing operation.',
  cost_source: '`given` by the client, `priced` by the server, or `unpriced`: the price is unknown.',
  cost_usd: 'USD, stored exactly. Default: computed from the price list.',
  cursor: '`next_cursor` of the previous page.',
  days: 'A range of this many days that ends now.',
  duration_ms: 'Milliseconds.',
  end_date: 'The end of the range: a local day of the organisation (inclusive) or a time (exclusive).',
  ended_at: 'End time.',
  error_type: 'Your own type of error.',
  event_id: 'Your id of the event; a repeated id is merged.',
  event_name: 'Name of the event.',
  event_type: 'Type of the event.',
  execution_id: 'Your id of the execution; a repeated id is merged.',
  external_api_called: 'Address or name of the called system.',
  feature: 'The feature of your product.',
  fingerprint: 'Equal errors have equal fingerprints.',
  input_data: 'Input of the tool, any JSON.',
  input_tokens: 'Input tokens, including cached ones.',
  ip_address: 'Stored if the privacy settings permit it.',
  latency_ms: 'Milliseconds; alternatively `response_time`.',
  limit: 'Rows of one page.',
  next_cursor: 'Pass it as `cursor` for the next page; null on the last.',
  occurred_at: 'Time of occurrence. Default: now.',
  output_data: 'Output of the tool, any JSON.',
  output_tokens: 'Output tokens, including reasoning.',
  period: 'A range of hours or days that ends now: `24h`, `7d`, `30d`.',
  properties: 'Further attributes, any JSON object.',
  query: 'The question; stored if the privacy settings permit it.',
  reasoning_tokens: 'Output tokens used for reasoning.',
  response: 'The answer; stored if the privacy settings permit it.',
  response_time: 'Seconds; alternatively `latency_ms`.',
  search: 'Text to search for in the text fields of a row.',
  session_id: 'Your id of the session.',
  start_date: 'The start of the range: a local day of the organisation, or a time.',
  started_at: 'Start time; the first value is kept.',
  steps: 'Number of steps of the agent.',
  task_completion_rate: 'Percent.',
  tokens_used: 'Total tokens, if input and output are not known separately.',
  total_tokens: 'Input and output together, or `tokens_used`.',
  uncached_input_tokens: 'Input tokens without those of the cache.',
  usage_id: 'Your id of the usage; a repeated id is merged.',
  user_agent: 'Stored if the privacy settings permit it.',
  user_id: 'Your id of the user; a pseudonym if user ids are anonymised.',
  workflow_id: 'Your id of the workflow.',
};

/** Adds descriptions to fields that have none. */
export function described(shape: z.ZodRawShape): z.ZodRawShape {
  const fields = Object.entries(shape).map(([name, schema]): [string, z.core.$ZodType] => {
    const description = DESCRIPTIONS[name];
    if (description === undefined || !isZodType(schema) || schema.description !== undefined) return [name, schema];
    return [name, schema.meta({ ...schema.meta(), description })];
  });
  return Object.fromEntries(fields);
}

/** True for schemas of classic zod, which carry metadata. */
function isZodType(schema: z.core.$ZodType): schema is z.ZodType {
  return 'meta' in schema;
}
