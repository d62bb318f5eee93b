import { sql } from 'kysely';
import { sampleRecords } from '../sample/sample.ts';
import { dbOf } from '../shared/db/orm.ts';
import { factList } from '../shared/facts/index.ts';
import { type Figure, interleaved, seconds } from './measure.ts';
import type { Scene } from './scene.ts';

const BATCH = 1_000;
/** Concurrent clients; each sends its next batch after the last is acknowledged. */
const CLIENTS = 4;

/** Measures HTTP ingestion in batches of 1,000 mixed records against `\copy` of the same rows into the same tables. */
export async function benchIngestion(scene: Scene, records: number, rounds: number): Promise<Figure> {
  const batches = makeBatches(records);
  const sent = batches.reduce((sum, batch) => sum + batch.count, 0);
  let round = 0;
  const send = async () => {
    round += 1;
    const key = await scene.newOrganisation(`ingest-${round}`);
    const queue = [...batches];
    const taken = await seconds(() =>
      Promise.all(
        Array.from({ length: CLIENTS }, async () => {
          for (let batch = queue.shift(); batch; batch = queue.shift()) {
            const { status, json } = await scene.call('POST', '/batch', key, batch.body);
            if (status !== 202) throw new Error(`A batch returned status ${status}: ${JSON.stringify(json)}`);
          }
        }),
      ),
    );
    return sent / taken;
  };
  const copy = async () => {
    await exportTables(scene, `ingest-${round}`, `copied-${round}`);
    const tables = tablesOf().map(
      ({ table, columns }) => `\\copy ${table} (${columns.join(', ')}) FROM '${fileOf(scene, table)}'`,
    );
    const taken = await seconds(async () => {
      for (const command of tables) await scene.psql(command);
    });
    return sent / taken;
  };
  return interleaved(
    {
      name: `ingestion of ${sent} mixed records`,
      unit: 'records/s',
      limitName: 'psql \\copy into the same tables',
      goal: 0.5,
      moreIsBetter: true,
    },
    rounds,
    send,
    copy,
  );
}

function makeBatches(records: number): { body: Buffer; count: number }[] {
  const lines = [...sampleRecords({ seed: 1, endsAt: new Date(), records })].map((record) => JSON.stringify(record));
  const batches: { body: Buffer; count: number }[] = [];
  for (let at = 0; at < lines.length; at += BATCH) {
    const part = lines.slice(at, at + BATCH);
    batches.push({ body: Buffer.from(part.join('\n')), count: part.length });
  }
  return batches;
}

function tablesOf(): { table: string; columns: string[] }[] {
  const facts = factList.map((fact) => ({
    table: fact.kind,
    columns: [
      'org_id',
      fact.timeColumn,
      fact.idColumn,
      ...Object.entries(fact.columns).flatMap(([name, { generated }]) => (generated ? [] : [name])),
      'ingested_at',
      'updated_at',
    ],
  }));
  return [{ table: 'fact_keys', columns: ['org_id', 'kind', 'id', 'at'] }, ...facts];
}

const fileOf = (scene: Scene, table: string) => `${scene.folder}/${table}.copy`;

/** Selects the rows stored by a round, with another organisation's id. */
async function exportTables(scene: Scene, from: string, to: string): Promise<void> {
  for (const { table, columns } of tablesOf()) {
    const [, ...rest] = columns;
    const select = sql`SELECT ${sql.lit(to)}, ${sql.join(rest.map((name) => sql.ref(name)))} FROM ${sql.table(table)} WHERE org_id = ${sql.lit(from)}`;
    const { sql: text } = select.compile(dbOf(scene.orm.em.fork()));
    await scene.psql(`\\copy (${text.replaceAll(/\s+/g, ' ')}) TO '${fileOf(scene, table)}'`);
  }
}
