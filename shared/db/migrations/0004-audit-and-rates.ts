import { Migration } from '@mikro-orm/migrations';

/** The audit log, and the request counts of each credential for rate limits. */
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
-- The columns that rate-limiter-flexible requires. Unlogged: writes do not wait for the disk, and a crash may lose the
-- counts of a minute.
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
