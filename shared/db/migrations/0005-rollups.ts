import { Migration } from '@mikro-orm/migrations';

/** Tables derived from the facts: rollups by time bucket, users by day, closed days, usages that await an execution. */
export class Rollups extends Migration {
  override up(): void {
    this.addSql(rollups);
    this.addSql(users);
    this.addSql(awaited);
    this.addSql(systemMetrics);
    this.addSql(ledgerAge);
  }

  override down(): void {
    throw new Error('Rollups cannot be undone: restore a backup instead');
  }
}

/**
 * Rows of quarter hours, hours and UTC days, distinguished by `grain_seconds`. Null is a regular value of a dimension.
 * Sketches are stored out of line (toast_tuple_target), because most queries sum the rows without them.
 * The indexes serve reads of one grain and a range of buckets. They do not include the dimensions, whose combined text
 * may exceed the limit of an index entry; rows stay unique because refreshes of a bucket are serialized.
 */
const rollups = `
CREATE TABLE rollup_sessions (
  org_id text NOT NULL,
  grain_seconds integer NOT NULL,
  bucket timestamptz(0) NOT NULL,
  count bigint NOT NULL,
  ended_count bigint NOT NULL,
  duration_ms_sum numeric NOT NULL,
  duration_ms_count bigint NOT NULL
);
CREATE INDEX rollup_sessions_key ON rollup_sessions (org_id, grain_seconds, bucket);
CREATE TABLE rollup_agent_workflows (
  org_id text NOT NULL,
  grain_seconds integer NOT NULL,
  bucket timestamptz(0) NOT NULL,
  workflow_type text,
  count bigint NOT NULL,
  success_count bigint NOT NULL,
  failure_count bigint NOT NULL,
  timeout_count bigint NOT NULL,
  cancelled_count bigint NOT NULL,
  in_progress_count bigint NOT NULL,
  duration_ms_sum numeric NOT NULL,
  duration_ms_count bigint NOT NULL,
  agents_sum bigint NOT NULL,
  tool_calls_sum numeric NOT NULL,
  api_calls_sum numeric NOT NULL,
  tokens_sum numeric NOT NULL,
  tokens_count bigint NOT NULL,
  satisfaction_sum numeric NOT NULL,
  satisfaction_count bigint NOT NULL,
  completion_sum numeric NOT NULL,
  completion_count bigint NOT NULL,
  duration_ms_bins integer[],
  duration_ms_counts bigint[]
) WITH (toast_tuple_target = 256);
CREATE INDEX rollup_agent_workflows_key ON rollup_agent_workflows (org_id, grain_seconds, bucket);
CREATE TABLE rollup_executions (
  org_id text NOT NULL,
  grain_seconds integer NOT NULL,
  bucket timestamptz(0) NOT NULL,
  agent_id text,
  error_type text,
  count bigint NOT NULL,
  success_count bigint NOT NULL,
  failure_count bigint NOT NULL,
  timeout_count bigint NOT NULL,
  cancelled_count bigint NOT NULL,
  in_progress_count bigint NOT NULL,
  duration_ms_sum numeric NOT NULL,
  duration_ms_count bigint NOT NULL,
  steps_sum numeric NOT NULL,
  steps_count bigint NOT NULL,
  tokens_sum numeric NOT NULL,
  tokens_count bigint NOT NULL,
  input_tokens_sum numeric NOT NULL,
  output_tokens_sum numeric NOT NULL,
  retries_sum numeric NOT NULL,
  api_calls_sum numeric NOT NULL,
  in_session_count bigint NOT NULL,
  duration_ms_bins integer[],
  duration_ms_counts bigint[]
) WITH (toast_tuple_target = 256);
CREATE INDEX rollup_executions_key ON rollup_executions (org_id, grain_seconds, bucket);
CREATE TABLE rollup_tool_usages (
  org_id text NOT NULL,
  grain_seconds integer NOT NULL,
  bucket timestamptz(0) NOT NULL,
  tool_name text,
  external_api text,
  agent_id text,
  count bigint NOT NULL,
  success_count bigint NOT NULL,
  failure_count bigint NOT NULL,
  timeout_count bigint NOT NULL,
  cancelled_count bigint NOT NULL,
  in_progress_count bigint NOT NULL,
  duration_ms_sum numeric NOT NULL,
  duration_ms_count bigint NOT NULL,
  api_response_time_ms_sum numeric NOT NULL,
  api_response_time_ms_count bigint NOT NULL,
  external_calls_count bigint NOT NULL,
  cost_usd_sum numeric NOT NULL,
  duration_ms_bins integer[],
  duration_ms_counts bigint[]
) WITH (toast_tuple_target = 256);
CREATE INDEX rollup_tool_usages_key ON rollup_tool_usages (org_id, grain_seconds, bucket);
CREATE TABLE rollup_ai_usage (
  org_id text NOT NULL,
  grain_seconds integer NOT NULL,
  bucket timestamptz(0) NOT NULL,
  feature text,
  model text,
  provider text,
  agent_id text,
  count bigint NOT NULL,
  success_count bigint NOT NULL,
  failure_count bigint NOT NULL,
  latency_ms_sum numeric NOT NULL,
  latency_ms_count bigint NOT NULL,
  cache_hit_count bigint NOT NULL,
  cache_known_count bigint NOT NULL,
  input_tokens_sum numeric NOT NULL,
  output_tokens_sum numeric NOT NULL,
  cached_input_tokens_sum numeric NOT NULL,
  cache_write_tokens_sum numeric NOT NULL,
  reasoning_tokens_sum numeric NOT NULL,
  tokens_sum numeric NOT NULL,
  cost_usd_sum numeric NOT NULL,
  unpriced_count bigint NOT NULL,
  latency_ms_bins integer[],
  latency_ms_counts bigint[]
) WITH (toast_tuple_target = 256);
CREATE INDEX rollup_ai_usage_key ON rollup_ai_usage (org_id, grain_seconds, bucket);
CREATE TABLE rollup_events (
  org_id text NOT NULL,
  grain_seconds integer NOT NULL,
  bucket timestamptz(0) NOT NULL,
  event_type text,
  event_name text,
  feature text,
  scenario_id text,
  count bigint NOT NULL,
  duration_ms_sum numeric NOT NULL,
  duration_ms_count bigint NOT NULL,
  in_session_count bigint NOT NULL,
  scenario_name_latest text[]
);
CREATE INDEX rollup_events_key ON rollup_events (org_id, grain_seconds, bucket);
CREATE TABLE rollup_api_calls (
  org_id text NOT NULL,
  grain_seconds integer NOT NULL,
  bucket timestamptz(0) NOT NULL,
  method text,
  path text,
  agent_id text,
  count bigint NOT NULL,
  success_count bigint NOT NULL,
  failure_count bigint NOT NULL,
  rate_limited_count bigint NOT NULL,
  server_error_count bigint NOT NULL,
  duration_ms_sum numeric NOT NULL,
  duration_ms_count bigint NOT NULL,
  duration_ms_bins integer[],
  duration_ms_counts bigint[]
) WITH (toast_tuple_target = 256);
CREATE INDEX rollup_api_calls_key ON rollup_api_calls (org_id, grain_seconds, bucket);
CREATE TABLE rollup_errors (
  org_id text NOT NULL,
  grain_seconds integer NOT NULL,
  bucket timestamptz(0) NOT NULL,
  level text,
  exception_type text,
  fingerprint text,
  count bigint NOT NULL
);
CREATE INDEX rollup_errors_key ON rollup_errors (org_id, grain_seconds, bucket);
`;

/**
 * One row per user, UTC day and, if the fact has them, event name and feature. `quarters` are the quarter hours of the
 * day, 0 to 95, ascending. Parallel arrays hold the number of facts, the sum of their amounts, and the first and last
 * time in milliseconds of the day. A day of any time zone is composed from these.
 */
const users = `
CREATE TABLE user_rollup (
  org_id text NOT NULL,
  kind text NOT NULL,
  day date NOT NULL,
  user_id text NOT NULL,
  name text,
  feature text,
  quarters smallint[] NOT NULL,
  counts integer[] NOT NULL,
  amounts numeric[] NOT NULL,
  first_ms integer[] NOT NULL,
  last_ms integer[] NOT NULL,
  count bigint NOT NULL,
  amount numeric
);
CREATE INDEX user_rollup_key ON user_rollup (org_id, kind, day);
-- Finds the days of a user, and the first of them.
CREATE INDEX user_rollup_user ON user_rollup (org_id, user_id, day);
CREATE TABLE known_users (
  org_id text NOT NULL,
  user_id text NOT NULL,
  first_seen timestamptz(3) NOT NULL,
  PRIMARY KEY (org_id, user_id)
);
-- New users are counted by the time they were first seen.
CREATE INDEX known_users_first_seen ON known_users (org_id, first_seen);
`;

/** Usages whose execution has not arrived: its arrival changes their dimensions. */
const awaited = `
CREATE TABLE awaited_executions (
  org_id text NOT NULL,
  execution_id text NOT NULL,
  kind text NOT NULL,
  bucket timestamptz(0) NOT NULL
);
-- No unique key, on which two batches could deadlock; duplicate rows are possible.
CREATE INDEX awaited_executions_id ON awaited_executions (org_id, execution_id);
-- A purge deletes rows of buckets that can no longer be recomputed.
CREATE INDEX awaited_executions_bucket ON awaited_executions (org_id, kind, bucket);
`;

const systemMetrics = `
CREATE TABLE system_metrics_days (
  org_id text NOT NULL REFERENCES organisations ON DELETE CASCADE,
  date date NOT NULL,
  time_zone text NOT NULL,
  total_users bigint NOT NULL,
  active_users bigint NOT NULL,
  new_users bigint NOT NULL,
  total_events bigint NOT NULL,
  total_executions bigint NOT NULL,
  total_errors bigint NOT NULL,
  error_rate double precision,
  avg_response_time_ms double precision,
  p95_response_time_ms double precision,
  storage_bytes bigint NOT NULL,
  cpu_percent_avg double precision,
  memory_percent_avg double precision,
  disk_percent double precision,
  generated_at timestamptz(3) NOT NULL,
  PRIMARY KEY (org_id, date)
);
`;

/** The oldest ledger entries of all organisations are refreshed first. */
const ledgerAge = `
CREATE INDEX bucket_ledger_age ON bucket_ledger (marked_at);
`;
