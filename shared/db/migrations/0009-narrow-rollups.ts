import { Migration } from '@mikro-orm/migrations';

/** Small tables in addition to the large ones, for the queries of overview pages. */
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
 * User activity per UTC day over all facts: one small row, where `user_rollup` has one per fact, name and feature.
 * Active and top users are read from these. First and last are in milliseconds of the day, which also answers whether a
 * user was active before or after a time of day.
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
 * AI usage without the agent dimension: the product of agents, models and features is about as large as the number of
 * usages. It stays empty: 0010 replaces it with smaller tables.
 */
const aiUsage = `
CREATE TABLE rollup_ai_usage_narrow (LIKE rollup_ai_usage);
ALTER TABLE rollup_ai_usage_narrow DROP COLUMN agent_id;
CREATE INDEX rollup_ai_usage_narrow_key ON rollup_ai_usage_narrow (org_id, grain_seconds, bucket);
`;
