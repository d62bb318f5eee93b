import { Migration } from '@mikro-orm/migrations';

/** Imports of files: their positions and their rejected lines. */
export class Imports extends Migration {
  override up(): void {
    this.addSql(imports);
    this.addSql(importRejects);
  }

  override down(): void {
    this.addSql('DROP TABLE import_rejects');
    this.addSql('DROP TABLE imports');
  }
}

const imports = `
CREATE TABLE imports (
  org_id text NOT NULL REFERENCES organisations ON DELETE CASCADE,
  -- Derived from the organisation, the content's hash and the mapping: importing a file again is the same import.
  id uuid NOT NULL,
  file_name text NOT NULL,
  source_key text NOT NULL,
  source_is_copy boolean NOT NULL,
  is_gzip boolean NOT NULL,
  format text NOT NULL CHECK (format IN ('ndjson', 'csv')),
  mapping jsonb NOT NULL,
  header jsonb,
  -- Of the uncompressed content.
  content_sha256 text NOT NULL,
  content_bytes bigint NOT NULL,
  status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'running', 'completed', 'failed', 'cancelled')),
  -- How much of the content is stored; advanced in the transaction that stores the records before it.
  position_bytes bigint NOT NULL,
  position_line bigint NOT NULL,
  accepted bigint NOT NULL DEFAULT 0,
  duplicates bigint NOT NULL DEFAULT 0,
  rejected bigint NOT NULL DEFAULT 0,
  rejects_key text,
  error_code text,
  error_message text,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  started_at timestamptz(3),
  completed_at timestamptz(3),
  PRIMARY KEY (org_id, id)
);
`;

/** Rejected lines, kept until the import completes and its rejects file is written. */
const importRejects = `
CREATE TABLE import_rejects (
  org_id text NOT NULL,
  import_id uuid NOT NULL,
  line bigint NOT NULL,
  -- A line of the rejects file. Text, because JSON may contain escapes that jsonb cannot store.
  entry text NOT NULL,
  PRIMARY KEY (org_id, import_id, line),
  FOREIGN KEY (org_id, import_id) REFERENCES imports (org_id, id) ON DELETE CASCADE
);
`;
