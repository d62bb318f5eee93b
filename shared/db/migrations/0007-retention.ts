import { Migration } from '@mikro-orm/migrations';

/** Retention policies, counts of purged rows, and erasures of users. */
export class Retention extends Migration {
  override up(): void {
    this.addSql(settings);
    this.addSql(purges);
    this.addSql(erasures);
    this.addSql(ensurePartition);
  }

  override down(): void {
    throw new Error('Retention cannot be undone: restore a backup instead');
  }
}

const settings = `
ALTER TABLE organisations
  -- Days by kind; a kind without an entry is kept forever.
  ADD COLUMN retention jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN legal_hold boolean NOT NULL DEFAULT false,
  ADD COLUMN storage_price_usd_per_gb_month numeric,
  -- Overrides of the defaults.
  ADD COLUMN usage_counters jsonb NOT NULL DEFAULT '{}';
-- A copy from when the report was planned, so that all parts count alike.
ALTER TABLE reports ADD COLUMN usage_counters jsonb;
-- A purge reads by age.
CREATE INDEX reports_age ON reports (org_id, created_at) WHERE deleted_at IS NULL;
`;

/** Updated in the transaction of each delete, so that the counts of a run are exact even if a worker is killed. */
const purges = `
CREATE TABLE purge_counts (
  org_id text NOT NULL REFERENCES organisations ON DELETE CASCADE,
  run text NOT NULL,
  name text NOT NULL,
  rows bigint NOT NULL,
  partitions_dropped integer NOT NULL DEFAULT 0,
  -- The time span of the removed rows, if they have times.
  first_at timestamptz(3),
  last_at timestamptz(3),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (org_id, run, name)
);
`;

const erasures = `
CREATE TABLE erasures (
  org_id text NOT NULL REFERENCES organisations ON DELETE CASCADE,
  id uuid NOT NULL,
  -- The user's pseudonym: the receipt stores no id, but can be matched to a known id.
  user_ref text NOT NULL,
  -- The ids to erase; null after the erasure.
  user_ids text[],
  status text NOT NULL CHECK (status IN ('pending', 'running', 'completed', 'failed', 'cancelled')),
  run_id text,
  requested_by text NOT NULL,
  created_at timestamptz(3) NOT NULL,
  completed_at timestamptz(3),
  receipt jsonb,
  error_message text,
  PRIMARY KEY (org_id, id)
);
-- A second request joins the running erasure.
CREATE UNIQUE INDEX erasures_open ON erasures (org_id, user_ref) WHERE status IN ('pending', 'running');
`;

/**
 * As before, but reattaches a month that was detached and not dropped, because a purge was killed between the two or
 * found that an organisation still keeps the month. Its rows are before the retention floors of their organisations, or
 * are still kept.
 */
const ensurePartition = `
CREATE OR REPLACE FUNCTION ensure_partition(fact text, month date) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  first_day date := date_trunc('month', month)::date;
  part text := fact || '_' || to_char(first_day, 'YYYY_MM');
  lower_bound timestamptz := first_day::timestamp AT TIME ZONE 'UTC';
  upper_bound timestamptz := (first_day + interval '1 month') AT TIME ZONE 'UTC';
  time_column text;
  is_pending boolean;
BEGIN
  IF EXISTS (SELECT FROM pg_inherits WHERE inhparent = fact::regclass AND inhrelid = to_regclass(part) AND NOT inhdetachpending) THEN
    RETURN false;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtext('ensure_partition'), hashtext(part));
  -- Waiting long for the parent would make every insert queue behind this.
  SET LOCAL lock_timeout = '2s';
  SELECT a.attname INTO STRICT time_column
    FROM pg_partitioned_table p JOIN pg_attribute a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]
   WHERE p.partrelid = fact::regclass;
  -- Read from the table: the cache behind to_regclass has not heard yet of what committed while this waited.
  IF EXISTS (SELECT FROM pg_class WHERE relname = part AND relnamespace = current_schema()::regnamespace) THEN
    SELECT i.inhdetachpending INTO is_pending FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = fact::regclass AND c.relname = part AND c.relnamespace = current_schema()::regnamespace;
    IF is_pending IS NOT DISTINCT FROM false THEN RETURN false; END IF;
    IF is_pending THEN
      EXECUTE format('ALTER TABLE %I DETACH PARTITION %I FINALIZE', fact, part);
    END IF;
    -- DETACH CONCURRENTLY has left a CHECK that spares the scan.
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', fact, part, lower_bound, upper_bound);
    RETURN true;
  END IF;
  EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', part, fact);
  EXECUTE format('ALTER TABLE %I ADD CONSTRAINT in_month CHECK (%I >= %L::timestamptz AND %I < %L::timestamptz)',
    part, time_column, lower_bound, time_column, upper_bound);
  EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', fact, part, lower_bound, upper_bound);
  EXECUTE format('ALTER TABLE %I DROP CONSTRAINT in_month', part);
  RETURN true;
END $$;
`;
