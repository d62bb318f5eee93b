import { Migration } from '@mikro-orm/migrations';

/**
 * Small tables for the questions that are asked most: all executions together, and AI usage by its feature or its model
 * alone. Features times models, as 0009 had them, were still many rows. What was rolled up before is marked, so that it is
 * rolled up once more.
 */
export class RollupTiers extends Migration {
  override up(): void {
    this.addSql(`
DROP TABLE rollup_ai_usage_narrow;
CREATE TABLE rollup_ai_usage_by_feature (LIKE rollup_ai_usage);
ALTER TABLE rollup_ai_usage_by_feature DROP COLUMN model, DROP COLUMN provider, DROP COLUMN agent_id;
CREATE INDEX rollup_ai_usage_by_feature_key ON rollup_ai_usage_by_feature (org_id, grain_seconds, bucket);
CREATE TABLE rollup_ai_usage_by_model_provider (LIKE rollup_ai_usage);
ALTER TABLE rollup_ai_usage_by_model_provider DROP COLUMN feature, DROP COLUMN agent_id;
CREATE INDEX rollup_ai_usage_by_model_provider_key ON rollup_ai_usage_by_model_provider (org_id, grain_seconds, bucket);
CREATE TABLE rollup_executions_total (LIKE rollup_executions);
ALTER TABLE rollup_executions_total DROP COLUMN agent_id, DROP COLUMN error_type;
CREATE INDEX rollup_executions_total_key ON rollup_executions_total (org_id, grain_seconds, bucket);
${mark('ai_usage')}
${mark('executions')}`);
  }

  override down(): void {
    this.addSql(`
DROP TABLE rollup_executions_total, rollup_ai_usage_by_feature, rollup_ai_usage_by_model_provider;
CREATE TABLE rollup_ai_usage_narrow (LIKE rollup_ai_usage);
ALTER TABLE rollup_ai_usage_narrow DROP COLUMN agent_id;
CREATE INDEX rollup_ai_usage_narrow_key ON rollup_ai_usage_narrow (org_id, grain_seconds, bucket);
${mark('ai_usage')}`);
  }
}

function mark(kind: 'ai_usage' | 'executions'): string {
  return `INSERT INTO bucket_ledger (org_id, kind, bucket, marked_at)
SELECT DISTINCT org_id, '${kind}', bucket, now() FROM rollup_${kind} WHERE grain_seconds = 900;`;
}
