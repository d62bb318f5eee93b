import { Migration } from '@mikro-orm/migrations';

/** The triage status of groups of equal errors. Counts are not stored; they are computed from the errors. */
export class ErrorGroups extends Migration {
  override up(): void {
    this.addSql(`
CREATE TABLE error_groups (
  org_id text NOT NULL REFERENCES organisations ON DELETE CASCADE,
  fingerprint text NOT NULL,
  status text NOT NULL CHECK (status IN ('open', 'resolved', 'ignored')),
  -- Null if a new occurrence changed it.
  status_changed_by text,
  status_changed_at timestamptz(3) NOT NULL,
  resolved_by text,
  resolved_at timestamptz(3),
  resolution_note text,
  reopened_at timestamptz(3),
  reopen_count integer NOT NULL DEFAULT 0,
  PRIMARY KEY (org_id, fingerprint),
  CHECK ((status = 'resolved') = (resolved_at IS NOT NULL))
);
-- Occurrences of a group: their count, first and last, and the list by time and id.
CREATE INDEX errors_group ON errors (org_id, fingerprint, occurred_at, error_id);
`);
  }

  override down(): void {
    this.addSql('DROP INDEX errors_group; DROP TABLE error_groups;');
  }
}
