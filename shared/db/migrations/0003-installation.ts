import { Migration } from '@mikro-orm/migrations';

/** The id of the installation, and when its storage was marked with it. */
export class Installation extends Migration {
  override up(): void {
    this.addSql(`
CREATE TABLE installation (
  id uuid PRIMARY KEY,
  storage_marked_at timestamptz(3)
);
-- At most one row.
CREATE UNIQUE INDEX installation_single ON installation ((true));
INSERT INTO installation (id) VALUES (gen_random_uuid());
`);
  }

  override down(): void {
    this.addSql('DROP TABLE installation;');
  }
}
