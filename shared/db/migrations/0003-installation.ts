import { Migration } from '@mikro-orm/migrations';

/** What tells one installation from another, and whether a storage was marked as its own. */
export class Installation extends Migration {
  override up(): void {
    this.addSql(`
CREATE TABLE installation (
  id uuid PRIMARY KEY,
  storage_marked_at timestamptz(3)
);
-- One row and no second.
CREATE UNIQUE INDEX installation_single ON installation ((true));
INSERT INTO installation (id) VALUES (gen_random_uuid());
`);
  }

  override down(): void {
    this.addSql('DROP TABLE installation;');
  }
}
