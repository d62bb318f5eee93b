import { Migration } from '@mikro-orm/migrations';

/** An import knows its run, as reports and erasures do: a run that ended says nothing about an import that was resumed. */
export class ImportRuns extends Migration {
  override up(): void {
    this.addSql('ALTER TABLE imports ADD COLUMN run_id text;');
  }

  override down(): void {
    this.addSql('ALTER TABLE imports DROP COLUMN run_id;');
  }
}
