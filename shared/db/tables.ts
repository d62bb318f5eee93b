import type { ColumnType, Generated, JSONColumnType } from 'kysely';
import type { ErasureReceipt } from '../contracts/erasure.ts';
import type { ImportFormat, ImportMapping } from '../contracts/imports.ts';
import type { JobStatus } from '../contracts/jobs.ts';
import type { RetentionDays } from '../contracts/retention.ts';
import type { ErrorStatus } from '../domain/error-status.ts';
import type { PrivacySettings } from '../domain/privacy.ts';
import type { Role } from '../domain/roles.ts';
import type { UsageCounters } from '../domain/usage-counters.ts';

/** A time: read as PostgreSQL's text, written as a Date. */
type Time = ColumnType<string, Date | string, Date | string>;
/** A time that the database sets when it is not given. */
type DefaultedTime = ColumnType<string, Date | string | undefined, Date | string>;
type MaybeTime = ColumnType<string | null, Date | string | null | undefined, Date | string | null>;
type Count = ColumnType<string, number, number>;
type MaybeCount = ColumnType<string | null, number | null | undefined, number | null>;

export interface ImportsTable {
  org_id: string;
  id: string;
  file_name: string;
  source_key: string;
  source_is_copy: boolean;
  is_gzip: boolean;
  format: ImportFormat;
  mapping: JSONColumnType<ImportMapping>;
  header: JSONColumnType<string[]> | null;
  content_sha256: string;
  content_bytes: Count;
  status: Generated<JobStatus>;
  position_bytes: Count;
  position_line: Count;
  accepted: ColumnType<string, number | undefined, number>;
  duplicates: ColumnType<string, number | undefined, number>;
  rejected: ColumnType<string, number | undefined, number>;
  rejects_key: string | null;
  error_code: string | null;
  error_message: string | null;
  created_at: DefaultedTime;
  started_at: MaybeTime;
  completed_at: MaybeTime;
}

export interface ErasuresTable {
  org_id: string;
  id: string;
  user_ref: string;
  user_ids: string[] | null;
  status: JobStatus;
  run_id: string | null;
  requested_by: string;
  created_at: DefaultedTime;
  completed_at: MaybeTime;
  receipt: JSONColumnType<ErasureReceipt> | null;
  error_message: string | null;
}

/** The tables that the query builder knows by name. Fact tables are named by their definitions instead. */
export interface Tables {
  organisations: {
    org_id: string;
    name: string;
    time_zone: Generated<string>;
    privacy: JSONColumnType<PrivacySettings>;
    retention: JSONColumnType<RetentionDays, string | undefined>;
    legal_hold: Generated<boolean>;
    storage_price_usd_per_gb_month: string | null;
    usage_counters: JSONColumnType<Partial<UsageCounters>, string | undefined>;
    created_at: DefaultedTime;
  };
  retention_floors: { org_id: string; kind: string; at: Time };
  api_keys: {
    id: string;
    org_id: string;
    name: string;
    role: Role;
    user_id: string | null;
    scopes: string[];
    prefix: string;
    hash: Buffer;
    created_at: DefaultedTime;
    expires_at: MaybeTime;
    revoked_at: MaybeTime;
    last_used_at: MaybeTime;
  };
  idempotency_keys: {
    org_id: string;
    key: string;
    request_sha256: Buffer;
    answer: JSONColumnType<{ status: number; body: object }> | null;
    created_at: DefaultedTime;
  };
  fact_keys: { org_id: string; kind: string; id: string; at: Time };
  agents: {
    org_id: string;
    agent_id: string;
    name: string | null;
    agent_type: string | null;
    tags: string[] | null;
    created_by: string | null;
    created_at: MaybeTime;
    as_of: Time;
  };
  installation: { id: string; storage_marked_at: MaybeTime };
  purge_counts: {
    org_id: string;
    run: string;
    name: string;
    rows: Count;
    partitions_dropped: number;
    first_at: MaybeTime;
    last_at: MaybeTime;
    updated_at: DefaultedTime;
  };
  erasures: ErasuresTable;
  audit_log: {
    org_id: string;
    id: string;
    at: Time;
    actor: string;
    actor_role: string;
    action: string;
    target: string | null;
    details: JSONColumnType<object>;
    ip_address: string | null;
  };
  imports: ImportsTable;
  import_rejects: { org_id: string; import_id: string; line: Count; entry: string };
  error_groups: {
    org_id: string;
    fingerprint: string;
    status: ErrorStatus;
    status_changed_by: string | null;
    status_changed_at: Time;
    resolved_by: string | null;
    resolved_at: MaybeTime;
    resolution_note: string | null;
    reopened_at: MaybeTime;
    reopen_count: Generated<number>;
  };
  bucket_ledger: { org_id: string; kind: string; bucket: Time; marked_at: Time };
  report_parts: {
    org_id: string;
    report_id: string;
    part: number;
    lower_at: Time;
    lower_id: string;
    upper_at: Time;
    upper_id: string;
    rows_planned: Count;
    rows_written: MaybeCount;
    size_bytes: MaybeCount;
  };
}
