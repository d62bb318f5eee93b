import { Migration } from '@mikro-orm/migrations';

/** A report keeps the settings that its numbers depend on in one column, whichever kind of report reads them. */
export class ReportSettings extends Migration {
  override up(): void {
    this.addSql('ALTER TABLE reports RENAME COLUMN usage_counters TO settings;');
    this.addSql(
      `UPDATE reports SET settings = jsonb_build_object('usageCounters', settings) WHERE settings IS NOT NULL;`,
    );
  }

  override down(): void {
    this.addSql(`UPDATE reports SET settings = settings -> 'usageCounters' WHERE settings IS NOT NULL;`);
    this.addSql('ALTER TABLE reports RENAME COLUMN settings TO usage_counters;');
  }
}
