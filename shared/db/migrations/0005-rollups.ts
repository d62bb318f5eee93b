import { Migration } from '@mikro-orm/migrations';

/** What is derived from the facts: rollups by buckets of time, users by day, closed days; who waits for an execution. */
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
 * Rows of 15 minutes, hours and UTC days, told apart by `grain_seconds`. Null is a value of a dimension like others.
 * Sketches are kept out of the rows (toast_tuple_target), which most questions sum without them.
 * The keys serve the readers, who ask for one grain and a range of buckets. They do not hold the dimensions, whose texts
 * together may be longer than an index takes; one settling of a bucket at a time keeps its rows apart.
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
 * One row for each user, UTC day and, where the fact has them, event name and feature. `quarters` are the quarters of an
 * hour of the day, 0 to 95, in order; beside each stand how many rows it has, the sum of their amounts, and the first and
 * the last moment in milliseconds of the day. So a day of any time zone is made of parts of these.
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
-- One user's days, and the first of them.
CREATE INDEX user_rollup_user ON user_rollup (org_id, user_id, day);
CREATE TABLE known_users (
  org_id text NOT NULL,
  user_id text NOT NULL,
  first_seen timestamptz(3) NOT NULL,
  PRIMARY KEY (org_id, user_id)
);
-- New users are counted by when they came.
CREATE INDEX known_users_first_seen ON known_users (org_id, first_seen);
`;

/** Usages whose execution is not known yet: its arrival changes whose they are. */
const awaited = `
CREATE TABLE awaited_executions (
  org_id text NOT NULL,
  execution_id text NOT NULL,
  kind text NOT NULL,
  bucket timestamptz(0) NOT NULL
);
-- Without a unique key, on which two batches could wait for each other in a circle; the same may stand here twice.
CREATE INDEX awaited_executions_id ON awaited_executions (org_id, execution_id);
-- A purge forgets what can no longer be recomputed.
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

/** The oldest marks are settled first, over all organisations. */
const ledgerAge = `
CREATE INDEX bucket_ledger_age ON bucket_ledger (marked_at);
`;
