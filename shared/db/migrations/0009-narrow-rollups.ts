import { Migration } from '@mikro-orm/migrations';

/** Small tables beside the large ones, for the questions of first pages. */
export class NarrowRollups extends Migration {
  override up(): void {
    this.addSql(userDays);
    this.addSql(aiUsage);
  }

  override down(): void {
    this.addSql('DROP TABLE user_days; DROP TABLE rollup_ai_usage_narrow;');
  }
}

/**
 * What each user did on each UTC day, all facts together: one small row where `user_rollup` has one for each fact, name and
 * feature. Who was active, and who most, is read from these. First and last are milliseconds of the day: they tell
 * whether a user was there before or after a time of day, too.
 */
const userDays = `
CREATE TABLE user_days (
  org_id text NOT NULL,
  day date NOT NULL,
  user_id text NOT NULL,
  count integer NOT NULL,
  first_ms integer NOT NULL,
  last_ms integer NOT NULL,
  PRIMARY KEY (org_id, day, user_id)
);
INSERT INTO user_days (org_id, day, user_id, count, first_ms, last_ms)
SELECT org_id, day, user_id, sum(count), min(first_ms[1]), max(last_ms[cardinality(last_ms)])
FROM user_rollup GROUP BY org_id, day, user_id;
`;

/**
 * AI usage without its agents: agents times models times features are about as many as there are usages. It stays empty:
 * 0010 has smaller ones in its place.
 */
const aiUsage = `
CREATE TABLE rollup_ai_usage_narrow (LIKE rollup_ai_usage);
ALTER TABLE rollup_ai_usage_narrow DROP COLUMN agent_id;
CREATE INDEX rollup_ai_usage_narrow_key ON rollup_ai_usage_narrow (org_id, grain_seconds, bucket);
`;
