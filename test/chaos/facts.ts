import { z } from 'zod';
import { ORG, type Scene } from './scene.ts';
import type { Acknowledged, LiveKind } from './telemetry.ts';

/** Where each fact keeps its id and the number that live telemetry gives it. */
const COLUMNS: Record<LiveKind, { id: string; number: string }> = {
  events: { id: 'event_id', number: 'duration_ms' },
  executions: { id: 'execution_id', number: 'coalesce(total_tokens, 0)' },
  tool_usages: { id: 'usage_id', number: 'api_response_time_ms' },
  ai_usage: { id: 'usage_id', number: 'total_tokens' },
};

const KINDS = ['events', 'executions', 'tool_usages', 'ai_usage'] as const satisfies readonly LiveKind[];

const factSchema = z.object({ id: z.string(), number: z.coerce.number(), stamp: z.string() });
const idSchema = z.object({ id: z.string() });
const namelessSchema = z.object({ name: z.string(), count: z.coerce.number(), stamps: z.coerce.number() });

/**
 * Compares what was acknowledged with what the database holds, one by one.
 * @returns every difference in words; none where each record is there exactly once, whole, and with its own batch
 */
export async function differencesFrom({ facts, nameless, faults }: Acknowledged, scene: Scene): Promise<string[]> {
  const differences = [...faults];
  const stampOfBatch = new Map<string, string>();
  for (const kind of KINDS) {
    const { id, number } = COLUMNS[kind];
    const stored = await scene.rows(
      factSchema,
      `SELECT ${id} AS id, ${number} AS number, ingested_at::text AS stamp
       FROM ${kind} WHERE org_id = $1 AND ${id} LIKE 'live-%'`,
      [ORG],
    );
    const missing = new Map(facts[kind]);
    const seen = new Set<string>();
    for (const row of stored) {
      const expected = facts[kind].get(row.id);
      if (expected === undefined) differences.push(`${kind} ${row.id} was never sent`);
      else if (expected !== row.number) differences.push(`${kind} ${row.id} holds ${row.number}, not ${expected}`);
      if (seen.has(row.id)) differences.push(`${kind} ${row.id} is there twice`);
      seen.add(row.id);
      missing.delete(row.id);
      // A batch is one transaction with one stamp: two stamps would mean that a part of it was stored before the rest.
      const batch = row.id.slice(0, row.id.lastIndexOf('-'));
      const stamp = stampOfBatch.get(batch) ?? row.stamp;
      stampOfBatch.set(batch, stamp);
      if (stamp !== row.stamp) differences.push(`${kind} ${row.id} was not stored with its batch`);
    }
    for (const lost of missing.keys()) differences.push(`${kind} ${lost} was acknowledged and is gone`);
    const keys = await scene.rows(
      idSchema,
      `SELECT id FROM fact_keys WHERE org_id = $1 AND kind = $2 AND id LIKE 'live-%'`,
      [ORG, kind],
    );
    for (const key of keys) {
      if (!seen.delete(key.id)) differences.push(`${kind} ${key.id} has a key and no row`);
    }
    for (const keyless of seen) differences.push(`${kind} ${keyless} has a row and no key`);
  }
  return [...differences, ...(await namelessDifferences(nameless, scene))];
}

async function namelessDifferences(nameless: Acknowledged['nameless'], scene: Scene): Promise<string[]> {
  const stored = await scene.rows(
    namelessSchema,
    `SELECT event_name AS name, count(*) AS count, count(DISTINCT ingested_at) AS stamps
     FROM events WHERE org_id = $1 AND event_type = 'nameless' GROUP BY event_name`,
    [ORG],
  );
  const counts = new Map(stored.map(({ name, count, stamps }) => [name, stamps === 1 ? count : -count]));
  return [...new Set([...nameless.keys(), ...counts.keys()])].flatMap((batch) => {
    const [expected, found] = [nameless.get(batch) ?? 0, counts.get(batch) ?? 0];
    if (expected === found) return [];
    const how = found < 0 ? 'stored in several goes' : 'in all';
    return [`batch ${batch} has ${Math.abs(found)} events without id ${how}, not ${expected} in one`];
  });
}
