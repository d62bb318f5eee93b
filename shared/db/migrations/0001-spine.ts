import { Migration } from '@mikro-orm/migrations';

/** Organisations and credentials, facts partitioned by month, the ledger, reports. */
export class Spine extends Migration {
  override up(): void {
    this.addSql(organisations);
    this.addSql(factKeys);
    for (const table of factTables) this.addSql(table);
    this.addSql(dimensions);
    this.addSql(ledger);
    this.addSql(reports);
    this.addSql(ensurePartition);
  }

  override down(): void {
    throw new Error('The first migration cannot be undone: drop the database instead');
  }
}

const organisations = `
CREATE TABLE organisations (
  org_id text PRIMARY KEY,
  name text NOT NULL,
  time_zone text NOT NULL DEFAULT 'UTC',
  privacy jsonb NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now()
);
-- Facts before this time are rejected and not recomputed. A purge raises it in its own transaction.
CREATE TABLE facts_from (
  org_id text NOT NULL REFERENCES organisations ON DELETE CASCADE,
  kind text NOT NULL,
  at timestamptz(3) NOT NULL,
  PRIMARY KEY (org_id, kind)
);
CREATE TABLE api_keys (
  id uuid NOT NULL,
  org_id text NOT NULL REFERENCES organisations ON DELETE CASCADE,
  name text NOT NULL,
  role text NOT NULL CHECK (role IN ('ingest', 'member', 'admin', 'operator')),
  user_id text CHECK (role <> 'member' OR user_id IS NOT NULL),
  scopes text[] NOT NULL DEFAULT '{}',
  prefix text NOT NULL,
  hash bytea NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  expires_at timestamptz(3),
  revoked_at timestamptz(3),
  last_used_at timestamptz(3),
  PRIMARY KEY (org_id, id)
);
-- A credential is looked up before its organisation is known.
CREATE UNIQUE INDEX api_keys_hash ON api_keys (hash);
CREATE TABLE idempotency_keys (
  org_id text NOT NULL REFERENCES organisations ON DELETE CASCADE,
  key text NOT NULL,
  request_sha256 bytea NOT NULL,
  answer jsonb,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (org_id, key)
);
-- Keys are deleted by age.
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);
`;

/** The first start time of each id: one id is one row, whatever times later records have. */
const factKeys = `
CREATE TABLE fact_keys (
  org_id text NOT NULL,
  kind text NOT NULL,
  id text NOT NULL,
  at timestamptz(3) NOT NULL,
  PRIMARY KEY (org_id, kind, id)
) PARTITION BY HASH (id);
${Array.from({ length: 16 }, (_, n) => `CREATE TABLE fact_keys_${n} PARTITION OF fact_keys FOR VALUES WITH (MODULUS 16, REMAINDER ${n});`).join('\n')}
`;

const stamps = `
  -- In full precision, because they are compared with cut-offs.
  ingested_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL`;

const duration = `
  duration_ms numeric GENERATED ALWAYS AS (
    CASE WHEN ended_at >= started_at THEN round(extract(epoch FROM ended_at - started_at) * 1000) END
  ) STORED`;

const statusColumn = `
  status text NOT NULL DEFAULT 'in_progress' CHECK (status IN ('in_progress', 'success', 'failure', 'timeout', 'cancelled')),
  reaped boolean NOT NULL DEFAULT false`;

const factTables = [
  `
CREATE TABLE events (
  org_id text NOT NULL,
  occurred_at timestamptz(3) NOT NULL,
  event_id text NOT NULL,
  event_type text NOT NULL,
  event_name text NOT NULL,
  user_id text,
  session_id text,
  feature text,
  duration_ms numeric,
  properties jsonb,
  ip_address text,
  user_agent text,${stamps},
  PRIMARY KEY (org_id, occurred_at, event_id)
) PARTITION BY RANGE (occurred_at);
`,
  `
CREATE TABLE executions (
  org_id text NOT NULL,
  started_at timestamptz(3) NOT NULL,
  execution_id text NOT NULL,
  ended_at timestamptz(3),${duration},
  agent_id text NOT NULL,
  task_name text,
  query text,
  response text,
  session_id text,
  user_id text,
  correlation_id text,
  workflow_id text,${statusColumn},
  error_type text,
  error_message text,
  steps integer,
  retry_count integer,
  input_tokens bigint,
  output_tokens bigint,
  tokens_used bigint,
  total_tokens bigint GENERATED ALWAYS AS (
    coalesce(tokens_used, CASE WHEN input_tokens IS NOT NULL OR output_tokens IS NOT NULL
                               THEN coalesce(input_tokens, 0) + coalesce(output_tokens, 0) END)
  ) STORED,
  api_calls_count integer,${stamps},
  PRIMARY KEY (org_id, started_at, execution_id)
) PARTITION BY RANGE (started_at);
-- The counts of a session are read from its executions.
CREATE INDEX executions_session ON executions (org_id, session_id) WHERE session_id IS NOT NULL;
`,
  `
CREATE TABLE tool_usages (
  org_id text NOT NULL,
  started_at timestamptz(3) NOT NULL,
  usage_id text NOT NULL,
  ended_at timestamptz(3),${duration},
  tool_name text NOT NULL,
  execution_id text NOT NULL,${statusColumn},
  input_data jsonb,
  output_data jsonb,
  error_message text,
  external_api_called text,
  api_response_time_ms numeric,
  api_status_code integer,
  cost_usd numeric,${stamps},
  PRIMARY KEY (org_id, started_at, usage_id)
) PARTITION BY RANGE (started_at);
-- An execution is shown with its tool usages.
CREATE INDEX tool_usages_execution ON tool_usages (org_id, execution_id);
`,
  `
CREATE TABLE agent_workflows (
  org_id text NOT NULL,
  started_at timestamptz(3) NOT NULL,
  workflow_id text NOT NULL,
  ended_at timestamptz(3),${duration},
  workflow_type text NOT NULL,
  agents_involved text[] NOT NULL,${statusColumn},
  total_tool_calls integer,
  total_api_calls integer,
  total_tokens_used bigint,
  session_id text,
  user_id text,
  user_satisfaction_score numeric,
  task_completion_rate numeric,${stamps},
  PRIMARY KEY (org_id, started_at, workflow_id)
) PARTITION BY RANGE (started_at);
`,
  `
CREATE TABLE sessions (
  org_id text NOT NULL,
  started_at timestamptz(3) NOT NULL,
  session_id text NOT NULL,
  ended_at timestamptz(3),${duration},
  user_id text,
  user_agent text,
  ip_address text,${stamps},
  PRIMARY KEY (org_id, started_at, session_id)
) PARTITION BY RANGE (started_at);
`,
  `
CREATE TABLE ai_usage (
  org_id text NOT NULL,
  occurred_at timestamptz(3) NOT NULL,
  usage_id text NOT NULL,
  feature text NOT NULL,
  success boolean NOT NULL,
  latency_ms numeric NOT NULL,
  cache_hit boolean,
  model text,
  provider text,
  -- As sent; null if its parts are null.
  input_tokens bigint GENERATED ALWAYS AS (uncached_input_tokens + cached_input_tokens + cache_write_tokens) STORED,
  uncached_input_tokens bigint,
  cached_input_tokens bigint,
  cache_write_tokens bigint,
  output_tokens bigint,
  reasoning_tokens bigint,
  total_tokens bigint GENERATED ALWAYS AS (
    CASE WHEN uncached_input_tokens IS NOT NULL OR output_tokens IS NOT NULL
         THEN coalesce(uncached_input_tokens + cached_input_tokens + cache_write_tokens, 0) + coalesce(output_tokens, 0) END
  ) STORED,
  cost_usd numeric,
  cost_source text NOT NULL CHECK (cost_source IN ('given', 'priced', 'unpriced')),
  error_type text,
  user_id text,
  agent_id text,
  execution_id text,
  session_id text,${stamps},
  PRIMARY KEY (org_id, occurred_at, usage_id)
) PARTITION BY RANGE (occurred_at);
-- An execution is shown with its AI usage.
CREATE INDEX ai_usage_execution ON ai_usage (org_id, execution_id) WHERE execution_id IS NOT NULL;
`,
  `
CREATE TABLE api_calls (
  org_id text NOT NULL,
  occurred_at timestamptz(3) NOT NULL,
  call_id text NOT NULL,
  method text NOT NULL,
  path text NOT NULL,
  status_code integer NOT NULL,
  duration_ms numeric NOT NULL,
  user_id text,
  agent_id text,${stamps},
  PRIMARY KEY (org_id, occurred_at, call_id)
) PARTITION BY RANGE (occurred_at);
`,
  `
CREATE TABLE errors (
  org_id text NOT NULL,
  occurred_at timestamptz(3) NOT NULL,
  error_id text NOT NULL,
  level text NOT NULL,
  message text NOT NULL,
  exception_type text,
  stack_trace text,
  context jsonb,
  url text,
  method text,
  status_code integer,
  user_id text,
  session_id text,
  execution_id text,
  fingerprint text NOT NULL,${stamps},
  PRIMARY KEY (org_id, occurred_at, error_id)
) PARTITION BY RANGE (occurred_at);
`,
];

const dimensions = `
CREATE TABLE agents (
  org_id text NOT NULL,
  agent_id text NOT NULL,
  name text,
  agent_type text,
  tags text[],
  created_by text,
  created_at timestamptz(3),
  -- The time of the source record; a record of an older execution does not overwrite the row.
  as_of timestamptz(3) NOT NULL,
  PRIMARY KEY (org_id, agent_id)
);
CREATE TABLE users (
  org_id text NOT NULL,
  user_id text NOT NULL,
  email text,
  name text,
  created_at timestamptz(3),
  properties jsonb,
  as_of timestamptz(3) NOT NULL,
  PRIMARY KEY (org_id, user_id)
);
`;

/** Dirty buckets, appended by each write and consumed by the refresh; appending is cheaper than upserting. */
const ledger = `
CREATE TABLE bucket_ledger (
  org_id text NOT NULL,
  kind text NOT NULL,
  bucket timestamptz(0) NOT NULL,
  marked_at timestamptz NOT NULL
);
CREATE INDEX bucket_ledger_bucket ON bucket_ledger (org_id, kind, bucket);
`;

const reports = `
CREATE TABLE reports (
  org_id text NOT NULL REFERENCES organisations ON DELETE CASCADE,
  id uuid NOT NULL,
  name text NOT NULL,
  report_type text NOT NULL,
  format text NOT NULL,
  parameters jsonb NOT NULL,
  range_start timestamptz(3) NOT NULL,
  range_end timestamptz(3) NOT NULL,
  time_zone text NOT NULL,
  status text NOT NULL CHECK (status IN ('pending', 'running', 'completed', 'failed', 'cancelled')),
  phase text NOT NULL,
  cutoff timestamptz,
  rows_total bigint,
  rows_written bigint NOT NULL DEFAULT 0,
  parts_total integer,
  parts_done integer NOT NULL DEFAULT 0,
  run_id text,
  requested_by text NOT NULL,
  created_at timestamptz(3) NOT NULL,
  started_at timestamptz(3),
  completed_at timestamptz(3),
  expires_at timestamptz(3),
  file_name text,
  file_size_bytes bigint,
  file_sha256 text,
  file_row_count bigint,
  file_content_type text,
  error_code text,
  error_message text,
  deleted_at timestamptz(3),
  files_removed_at timestamptz(3),
  PRIMARY KEY (org_id, id)
);
-- The sweep reads unfinished reports, expired files and files of deleted reports of all organisations.
CREATE INDEX reports_unfinished ON reports (created_at) WHERE status IN ('pending', 'running');
CREATE INDEX reports_expiring ON reports (expires_at) WHERE files_removed_at IS NULL;
CREATE TABLE report_parts (
  org_id text NOT NULL,
  report_id uuid NOT NULL,
  part integer NOT NULL,
  lower_at timestamptz(3) NOT NULL,
  lower_id text NOT NULL,
  upper_at timestamptz(3) NOT NULL,
  upper_id text NOT NULL,
  rows_planned bigint NOT NULL,
  rows_written bigint,
  size_bytes bigint,
  PRIMARY KEY (org_id, report_id, part),
  FOREIGN KEY (org_id, report_id) REFERENCES reports (org_id, id) ON DELETE CASCADE
);
`;

/**
 * Creates the partition of a month. CREATE … PARTITION OF waits for all readers, and inserts queue behind it. Instead,
 * a separate table with a CHECK, which avoids the scan, is attached under a weaker lock.
 */
const ensurePartition = `
CREATE FUNCTION ensure_partition(fact text, month date) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  first_day date := date_trunc('month', month)::date;
  part text := fact || '_' || to_char(first_day, 'YYYY_MM');
  time_column text;
BEGIN
  IF to_regclass(part) IS NOT NULL THEN RETURN false; END IF;
  PERFORM pg_advisory_xact_lock(hashtext('ensure_partition'), hashtext(part));
  -- Read from the table: the cache behind to_regclass has not heard yet of what committed while this waited.
  IF EXISTS (SELECT FROM pg_class WHERE relname = part AND relnamespace = current_schema()::regnamespace) THEN
    RETURN false;
  END IF;
  SELECT a.attname INTO STRICT time_column
    FROM pg_partitioned_table p JOIN pg_attribute a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]
   WHERE p.partrelid = fact::regclass;
  EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', part, fact);
  EXECUTE format('ALTER TABLE %I ADD CONSTRAINT in_month CHECK (%I >= %L::timestamptz AND %I < %L::timestamptz)',
    part, time_column, first_day::timestamp AT TIME ZONE 'UTC', time_column, (first_day + interval '1 month') AT TIME ZONE 'UTC');
  -- Waiting long for the parent would make every insert queue behind this.
  SET LOCAL lock_timeout = '2s';
  EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
    fact, part, first_day::timestamp AT TIME ZONE 'UTC', (first_day + interval '1 month') AT TIME ZONE 'UTC');
  EXECUTE format('ALTER TABLE %I DROP CONSTRAINT in_month', part);
  RETURN true;
END $$;
`;
