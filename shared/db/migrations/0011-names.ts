import { Migration } from '@mikro-orm/migrations';

/**
 * Uses the field's terms: a quarter is three months in analytics, hence quarter hours, and the time from which facts
 * are kept is the retention floor. Changes only PostgreSQL's catalog; rewrites no rows.
 */
export class Names extends Migration {
  override up(): void {
    for (const [old, name] of TABLES) this.addSql(`ALTER TABLE ${old} RENAME TO ${name};`);
    for (const [old, name] of INDEXES) this.addSql(`ALTER INDEX ${old} RENAME TO ${name};`);
    this.addSql('ALTER TABLE user_rollup RENAME COLUMN quarters TO quarter_hours;');
  }

  override down(): void {
    this.addSql('ALTER TABLE user_rollup RENAME COLUMN quarter_hours TO quarters;');
    for (const [old, name] of INDEXES) this.addSql(`ALTER INDEX ${name} RENAME TO ${old};`);
    for (const [old, name] of TABLES) this.addSql(`ALTER TABLE ${name} RENAME TO ${old};`);
  }
}

const TABLES = [
  ['facts_from', 'retention_floors'],
  ['host_sample_quarters', 'host_samples_15m'],
] as const;

const INDEXES = [
  ['facts_from_pkey', 'retention_floors_pkey'],
  ['host_sample_quarters_pkey', 'host_samples_15m_pkey'],
  ['host_sample_quarters_at', 'host_samples_15m_at'],
] as const;
