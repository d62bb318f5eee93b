import fc from 'fast-check';
import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { dbOf, type Orm } from '../../shared/db/orm.ts';
import { createPrivacy, DEFAULT_PRIVACY } from '../../shared/domain/privacy.ts';
import { ensureOrganisation } from '../../shared/organisations/organisations.ts';
import { takeCutoff } from '../../shared/telemetry/cutoff.ts';
import { prepareBatch } from '../../shared/telemetry/prepare.ts';
import { retentionFloors, storeBatch } from '../../shared/telemetry/store-batch.ts';
import { useTestOrm } from '../database.ts';

let orm: Orm;
useTestOrm(10, (opened) => {
  orm = opened;
});

const now = new Date();
const minutesAgo = (n: number) => new Date(now.getTime() - n * 60_000).toISOString();

async function newOrg(): Promise<string> {
  const orgId = `org-${Math.random().toString(36).slice(2)}`;
  await ensureOrganisation(orm.em.fork(), orgId, orgId, now);
  return orgId;
}

async function store(orgId: string, records: object[]) {
  return orm.em.fork().transactional(async (em) => {
    const db = dbOf(em);
    const privacy = createPrivacy(DEFAULT_PRIVACY, orgId, 'x'.repeat(32));
    const receiver = { orgId, privacy, retentionFloors: await retentionFloors(db, orgId), memberUserId: null };
    return storeBatch(db, orgId, prepareBatch(records, receiver, now));
  });
}

interface Sent {
  execution_id: string;
  agent_id: string;
  started_at: string;
  status: string;
  steps: number | undefined;
  task_name: string | undefined;
}

/** The rules of merging, said again without SQL: the first start and agent stand, gaps are filled, the record that finishes wins. */
function merged(records: readonly Sent[]): Map<string, Sent> {
  const rows = new Map<string, Sent>();
  for (const record of records) {
    const row = rows.get(record.execution_id);
    if (!row) {
      rows.set(record.execution_id, { ...record });
      continue;
    }
    const finishes = row.status === 'in_progress' && record.status !== 'in_progress';
    const [strong, weak] = finishes ? [record, row] : [row, record];
    rows.set(record.execution_id, {
      execution_id: row.execution_id,
      started_at: row.started_at,
      agent_id: row.agent_id,
      status: strong.status,
      steps: strong.steps ?? weak.steps,
      task_name: strong.task_name ?? weak.task_name,
    });
  }
  return rows;
}

const sent = fc.record<Sent>({
  execution_id: fc.constantFrom('a', 'b', 'c', 'd'),
  agent_id: fc.constantFrom('x', 'y'),
  started_at: fc.integer({ min: 0, max: 40_000 }).map(minutesAgo),
  status: fc.constantFrom('in_progress', 'in_progress', 'success', 'failure'),
  steps: fc.option(fc.integer({ min: 0, max: 9 }), { nil: undefined }),
  task_name: fc.option(fc.constantFrom('one', 'two'), { nil: undefined }),
});

it('merges records by the rules, however they are split into batches', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(sent, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 5 }),
      async (batches) => {
        const orgId = await newOrg();
        let counted = 0;
        for (const batch of batches) {
          const result = await store(
            orgId,
            batch.map((record) => ({ type: 'execution', ...record })),
          );
          expect(result.rejected).toBe(0);
          counted += result.accepted + result.duplicates;
        }
        expect(counted).toBe(batches.flat().length);
        const { rows } = await sql<Sent & { key_at: string }>`
        SELECT e.*, k.at AS key_at FROM executions e
        JOIN fact_keys k ON k.org_id = e.org_id AND k.kind = 'executions' AND k.id = e.execution_id
        WHERE e.org_id = ${orgId}`.execute(dbOf(orm.em.fork()));
        const stored = rows.map((row) => ({
          execution_id: row.execution_id,
          agent_id: row.agent_id,
          started_at: new Date(row.started_at).toISOString(),
          status: row.status,
          steps: row.steps ?? undefined,
          task_name: row.task_name ?? undefined,
        }));
        const byId = (a: Sent, b: Sent) => a.execution_id.localeCompare(b.execution_id);
        expect(stored.sort(byId)).toEqual([...merged(batches.flat()).values()].sort(byId));
        for (const row of rows) expect(new Date(row.key_at)).toEqual(new Date(row.started_at));
      },
    ),
    { numRuns: 60 },
  );
});

it('stores each id once, without deadlocks, with concurrent writers of the same ids in any order', async () => {
  const orgId = await newOrg();
  const ids = Array.from({ length: 60 }, (_, n) => n);
  const shuffled = (seed: number) =>
    ids.toSorted((a, b) => ((a * 7919 + seed * 104_729) % 61) - ((b * 7919 + seed * 104_729) % 61));
  const writers = Array.from({ length: 24 }, (_, seed) =>
    store(
      orgId,
      shuffled(seed).flatMap((n) => [
        {
          type: 'execution',
          execution_id: `e${n}`,
          agent_id: `a${(n + seed) % 5}`,
          agent_name: `name ${seed}`,
          started_at: minutesAgo(n + seed),
        },
        { type: 'event', event_id: `v${n}`, event_type: 'x', event_name: 'y', occurred_at: minutesAgo(n + seed) },
        { type: 'user', user_id: `u${n % 7}`, name: `name ${seed}` },
      ]),
    ),
  );
  const results = await Promise.all(writers);
  expect(results.every(({ rejected }) => rejected === 0)).toBe(true);
  const { rows } = await sql`
    SELECT count(*)::int AS rows, count(DISTINCT execution_id)::int AS ids FROM executions WHERE org_id = ${orgId}`.execute(
    dbOf(orm.em.fork()),
  );
  expect(rows).toEqual([{ rows: 60, ids: 60 }]);
});

it('does not deadlock where batches reference agents in opposite orders', async () => {
  const orgId = await newOrg();
  const writers = Array.from({ length: 200 }, (_, seed) =>
    store(orgId, [
      { type: 'execution', agent_id: `a${seed % 3}`, agent_name: `name ${seed}`, execution_id: `x${seed}` },
      { type: 'agent', agent_id: `a${(seed + 1) % 3}`, agent_type: `type ${seed}` },
    ]),
  );
  expect((await Promise.all(writers)).every(({ accepted }) => accepted === 2)).toBe(true);
});

it('respects a cut-off: rows counted under it are counted ever after', async () => {
  const orgId = await newOrg();
  let stop = false;
  let sequence = 0;
  const writer = async () => {
    while (!stop) {
      sequence += 1;
      await store(orgId, [{ type: 'event', event_id: `c${sequence}`, event_type: 'x', event_name: 'y' }]);
    }
  };
  const writers = [writer(), writer(), writer(), writer()];
  const count = async (cutoff: string) => {
    const { rows } = await sql<{ count: number }>`
      SELECT count(*)::int AS count FROM events WHERE org_id = ${orgId} AND ingested_at <= ${cutoff}::timestamptz`.execute(
      dbOf(orm.em.fork()),
    );
    return rows[0]?.count ?? -1;
  };
  const taken: { cutoff: string; count: number }[] = [];
  for (let round = 0; round < 25; round += 1) {
    const cutoff = await orm.em.fork().transactional((em) => takeCutoff(dbOf(em), orgId));
    taken.push({ cutoff, count: await count(cutoff) });
  }
  stop = true;
  await Promise.all(writers);
  expect(taken.at(-1)?.count).toBeGreaterThan(taken[0]?.count ?? Number.POSITIVE_INFINITY);
  for (const { cutoff, count: then } of taken) expect(await count(cutoff)).toBe(then);
});

it('rejects more than a hundred records of one id in one batch, and stores the others', async () => {
  const orgId = await newOrg();
  const one = { type: 'event', event_id: 'same', event_type: 'x', event_name: 'y' };
  const result = await store(
    orgId,
    Array.from({ length: 103 }, () => one),
  );
  expect(result).toMatchObject({ accepted: 1, duplicates: 99, rejected: 3 });
});
