import { Migration } from '@mikro-orm/migrations';

/**
 * Small tables for the most frequent queries: all executions together, and AI usage by feature or by model alone. The
 * product of features and models, as in 0009, was still many rows. They are filled from the tables of all dimensions
 * and not recomputed from the facts, because rollups may outlive their facts.
 */
export class RollupTiers extends Migration {
  override up(): void {
    this.addSql('DROP TABLE rollup_ai_usage_narrow;');
    for (const tier of tiers) this.addSql(make(tier));
  }

  override down(): void {
    for (const { table } of tiers) this.addSql(`DROP TABLE ${table};`);
    this.addSql(make(narrow));
  }
}

interface Tier {
  table: string;
  source: string;
  kept: readonly string[];
  dropped: readonly string[];
  /** The measures to sum. */
  measures: readonly string[];
  sketch: string;
}

const aiUsage = {
  source: 'rollup_ai_usage',
  measures: [
    'count',
    'success_count',
    'failure_count',
    'latency_ms_sum',
    'latency_ms_count',
    'cache_hit_count',
    'cache_known_count',
    'input_tokens_sum',
    'output_tokens_sum',
    'cached_input_tokens_sum',
    'cache_write_tokens_sum',
    'reasoning_tokens_sum',
    'tokens_sum',
    'cost_usd_sum',
    'unpriced_count',
  ],
  sketch: 'latency_ms',
} as const;

const narrow: Tier = {
  ...aiUsage,
  table: 'rollup_ai_usage_narrow',
  kept: ['feature', 'model', 'provider'],
  dropped: ['agent_id'],
};

const tiers: readonly Tier[] = [
  {
    ...aiUsage,
    table: 'rollup_ai_usage_by_feature',
    kept: ['feature'],
    dropped: ['model', 'provider', 'agent_id'],
  },
  {
    ...aiUsage,
    table: 'rollup_ai_usage_by_model_provider',
    kept: ['model', 'provider'],
    dropped: ['feature', 'agent_id'],
  },
  {
    table: 'rollup_executions_total',
    source: 'rollup_executions',
    kept: [],
    dropped: ['agent_id', 'error_type'],
    measures: [
      'count',
      'success_count',
      'failure_count',
      'timeout_count',
      'cancelled_count',
      'in_progress_count',
      'duration_ms_sum',
      'duration_ms_count',
      'steps_sum',
      'steps_count',
      'tokens_sum',
      'tokens_count',
      'input_tokens_sum',
      'output_tokens_sum',
      'retries_sum',
      'api_calls_sum',
      'in_session_count',
    ],
    sketch: 'duration_ms',
  },
];

/** SQL that creates the table and fills its hours and days from the source table. */
function make({ table, source, kept, dropped, measures, sketch }: Tier): string {
  const keys = ['org_id', 'grain_seconds', 'bucket', ...kept];
  const [bins, counts] = [`${sketch}_bins`, `${sketch}_counts`];
  return `
CREATE TABLE ${table} (LIKE ${source});
ALTER TABLE ${table} ${dropped.map((column) => `DROP COLUMN ${column}`).join(', ')};
INSERT INTO ${table} (${[...keys, ...measures, bins, counts].join(', ')})
SELECT ${[...keys, ...measures].map((column) => `m.${column}`).join(', ')}, s.bins, s.counts
FROM (
  SELECT ${keys.join(', ')}, ${measures.map((column) => `sum(${column}) AS ${column}`).join(', ')}
  FROM ${source} WHERE grain_seconds > 900 GROUP BY ${keys.join(', ')}
) m
LEFT JOIN (
  SELECT ${keys.join(', ')}, array_agg(bin ORDER BY bin) AS bins, array_agg(number ORDER BY bin) AS counts
  FROM (
    SELECT ${keys.join(', ')}, u.bin, sum(u.number)::bigint AS number
    FROM ${source} CROSS JOIN LATERAL unnest(${bins}, ${counts}) AS u(bin, number)
    WHERE grain_seconds > 900 GROUP BY ${[...keys, 'u.bin'].join(', ')}
  ) b GROUP BY ${keys.join(', ')}
) s ON ${keys.map((column) => `s.${column} IS NOT DISTINCT FROM m.${column}`).join(' AND ')};
CREATE INDEX ${table}_key ON ${table} (org_id, grain_seconds, bucket);`;
}
