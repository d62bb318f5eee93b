import type { z } from 'zod';

/** What fields of the same name mean wherever they stand. */
const DESCRIPTIONS: Readonly<Record<string, string>> = {
  agent_id: 'The agent, by your own id of it.',
  agent_ids: 'Only rows of these agents.',
  agent_name: 'Shown beside the id.',
  agent_tags: 'For a record: the tags of its agent. For a report: only rows of agents with one of these tags.',
  agent_type: 'A kind of agent, in your own words.',
  agents_involved: 'The agents that took part.',
  api_calls_count: 'Calls of other systems that it made.',
  api_response_time_ms: 'How long the other system took.',
  api_status_code: 'The HTTP status of the other system.',
  cache_hit: 'Whether the answer came from a cache.',
  cache_write_tokens: 'Of the input tokens: those written to the model’s cache.',
  cached_input_tokens: 'Of the input tokens: those read from the model’s cache.',
  correlation_id: 'Your own id of whatever this belongs to.',
  cost_source: '`given` by the client, `priced` by the server, or `unpriced`: no price is known.',
  cost_usd: 'USD, stored exact; priced by the server where it is not given.',
  cursor: 'Where to go on: `next_cursor` of the page before.',
  days: 'A range of this many days that ends now.',
  duration_ms: 'Milliseconds.',
  end_date: 'The end of the range: a day of the organisation’s time zone, included, or a time, not included.',
  ended_at: 'When it ended.',
  error_type: 'A kind of error, in your own words.',
  event_id: 'Your own id of the event: sent again, it is merged.',
  event_name: 'What happened.',
  event_type: 'The kind of event.',
  execution_id: 'The execution, by your own id of it; a record with an id that is known is merged.',
  external_api_called: 'The address or name of the system that the tool called.',
  feature: 'The feature of your product.',
  fingerprint: 'Equal errors have equal fingerprints.',
  input_data: 'What the tool was given; any JSON.',
  input_tokens: 'All tokens that went in, cached ones among them.',
  ip_address: 'Kept where the privacy settings allow it.',
  latency_ms: 'Milliseconds; or give `response_time`.',
  limit: 'Rows of one page.',
  next_cursor: 'Give it as `cursor` for the next page; null on the last.',
  occurred_at: 'When it happened; now where it is not given.',
  output_data: 'What the tool gave back; any JSON.',
  output_tokens: 'All tokens that came out, reasoning among them.',
  period: 'A range of hours or days that ends now: `24h`, `7d`, `30d`.',
  properties: 'Whatever else is to be kept; any JSON object.',
  query: 'What was asked; kept where the privacy settings allow it.',
  reasoning_tokens: 'Of the output tokens: those spent on reasoning.',
  response: 'What was answered; kept where the privacy settings allow it.',
  response_time: 'Seconds; or give `latency_ms`.',
  search: 'Text to look for, in any of the row’s texts.',
  session_id: 'The session, by your own id of it.',
  start_date: 'The start of the range: a day of the organisation’s time zone, or a time.',
  started_at: 'When it began; the first that was told stands.',
  steps: 'Steps that the agent took.',
  task_completion_rate: 'Percent.',
  tokens_used: 'All tokens, where input and output are not told apart.',
  total_tokens: 'Input and output together, or `tokens_used`.',
  uncached_input_tokens: 'Input tokens without those of the cache.',
  usage_id: 'Your own id of it: sent again, it is merged.',
  user_agent: 'Kept where the privacy settings allow it.',
  user_id: 'The user, by your own id; a pseudonym where user ids are anonymised.',
  workflow_id: 'The workflow, by your own id of it.',
};

/** Fields with what they mean, where they do not say it themselves. */
export function described(shape: z.ZodRawShape): z.ZodRawShape {
  const fields = Object.entries(shape).map(([name, schema]): [string, z.core.$ZodType] => {
    const description = DESCRIPTIONS[name];
    if (description === undefined || !isZodType(schema) || schema.description !== undefined) return [name, schema];
    return [name, schema.meta({ ...schema.meta(), description })];
  });
  return Object.fromEntries(fields);
}

/** A schema of full zod, as all here are: it can be described. */
function isZodType(schema: z.core.$ZodType): schema is z.ZodType {
  return 'meta' in schema;
}
