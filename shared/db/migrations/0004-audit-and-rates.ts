import { Migration } from '@mikro-orm/migrations';

/** Who did what; how much each credential asked for in the last minute. */
export class AuditAndRates extends Migration {
  override up(): void {
    this.addSql(`
CREATE TABLE audit_log (
  org_id text NOT NULL REFERENCES organisations ON DELETE CASCADE,
  id uuid NOT NULL,
  at timestamptz(3) NOT NULL,
  actor text NOT NULL,
  actor_role text NOT NULL,
  action text NOT NULL,
  target text,
  details jsonb NOT NULL,
  ip_address text,
  PRIMARY KEY (org_id, id)
);
-- The log is read by time.
CREATE INDEX audit_log_at ON audit_log (org_id, at, id);
-- The columns that rate-limiter-flexible wants. Unlogged: a crash may forget a minute's counts, and nothing waits for the disk.
CREATE UNLOGGED TABLE rate_limits (
  key varchar(255) PRIMARY KEY,
  points integer NOT NULL DEFAULT 0,
  expire bigint
);
`);
  }

  override down(): void {
    this.addSql('DROP TABLE audit_log; DROP TABLE rate_limits;');
  }
}
