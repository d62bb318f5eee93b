import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { sql } from 'kysely';
import { type Stack, startStack } from '../cli/stack/stack.ts';
import { createOrm, dbOf, type Orm } from '../shared/db/orm.ts';
import { createApiKey } from '../shared/organisations/api-keys.ts';
import { ensureOrganisation } from '../shared/organisations/organisations.ts';
import { createTemporalClient, createTemporalConnection } from '../shared/temporal.ts';

const run = promisify(execFile);

/** The whole stack in separate processes, as deployed, with a folder for files. */
export interface Scene {
  stack: Stack;
  orm: Orm;
  folder: string;
  psql(command: string): Promise<void>;
  call(method: string, path: string, key: string, body?: Buffer | object): Promise<{ status: number; json: unknown }>;
  /** Requests a report and waits for it. @returns seconds from the request to the file */
  report(key: string, body: object): Promise<{ seconds: number; rows: number }>;
  newOrganisation(orgId: string): Promise<string>;
  /** Stops the worker's schedules. */
  pauseSchedules(): Promise<void>;
  close(): Promise<void>;
}

export async function openScene(): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-bench-'));
  await chmod(folder, 0o755);
  const env = { ...process.env, RATE_LIMIT_PER_MINUTE: '1000000', RATE_LIMIT_ORG_MB_PER_MINUTE: '1000000' };
  const stack = await startStack({ folder: join(folder, 'stack'), port: 0, quiet: true, env });
  const orm = await createOrm({ DATABASE_URL: stack.dev.database_url, DATABASE_POOL_SIZE: 4 });
  const call: Scene['call'] = async (method, path, key, body) => {
    const isBytes = Buffer.isBuffer(body);
    const response = await fetch(`${stack.dev.api_url}/api/v1/analytics${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body === undefined ? {} : { 'content-type': isBytes ? 'application/x-ndjson' : 'application/json' }),
      },
      ...(body === undefined ? {} : { body: isBytes ? new Uint8Array(body) : JSON.stringify(body) }),
    });
    return { status: response.status, json: await response.json() };
  };
  return {
    stack,
    orm,
    folder,
    call,
    async psql(command) {
      await run('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', stack.dev.database_url, '-c', command], {
        maxBuffer: 1 << 20,
      });
    },
    async report(key, body) {
      const from = performance.now();
      let answer = await call('POST', '/reports', key, body);
      const { id } = asReport(answer.json);
      for (;;) {
        const report = asReport(answer.json);
        if (report.status === 'completed') return { seconds: (performance.now() - from) / 1000, rows: report.rows };
        if (!['pending', 'running'].includes(report.status))
          throw new Error(`The report is ${JSON.stringify(answer.json)}`);
        // Finely enough to be a fiftieth of the figure, and no load beside it: each look asks the worker for progress.
        await sleep(Math.max(5, (performance.now() - from) / 50));
        answer = await call('GET', `/reports/${id}`, key);
      }
    },
    async newOrganisation(orgId) {
      const em = orm.em.fork();
      await ensureOrganisation(em, orgId, orgId, new Date());
      return (await createApiKey(em, { orgId, role: 'admin', name: 'bench' })).key;
    },
    async pauseSchedules() {
      const config = {
        TEMPORAL_ADDRESS: stack.dev.temporal_address,
        TEMPORAL_NAMESPACE: 'default',
        TEMPORAL_TLS: false,
        TEMPORAL_API_KEY: undefined,
      };
      const connection = createTemporalConnection(config);
      const client = createTemporalClient(connection, config);
      for await (const { scheduleId } of client.schedule.list()) await client.schedule.getHandle(scheduleId).pause();
      await connection.close();
    },
    async close() {
      await orm.close();
      await stack.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function asReport(json: unknown): { id: string; status: string; rows: number } {
  if (typeof json !== 'object' || json === null || !('id' in json) || !('status' in json)) {
    throw new Error(`No report: ${JSON.stringify(json)}`);
  }
  const file = 'file' in json ? json.file : null;
  const rows = typeof file === 'object' && file !== null && 'row_count' in file ? Number(file.row_count) : 0;
  return { id: String(json.id), status: String(json.status), rows };
}

/** Inserts executions of 90 days, 50 agents and 10,000 users directly into their table: only reading is measured. */
export async function fillExecutions(scene: Scene, orgId: string, rows: number): Promise<void> {
  const db = dbOf(scene.orm.em.fork());
  for (let month = 0; month <= 3; month += 1) {
    await sql`SELECT ensure_partition('executions', (date_trunc('month', now() - make_interval(months => ${month})))::date)`.execute(
      db,
    );
  }
  await sql`
    INSERT INTO executions (org_id, started_at, execution_id, ended_at, agent_id, task_name, session_id, user_id, status,
                            steps, retry_count, input_tokens, output_tokens, ingested_at, updated_at)
    SELECT ${orgId}, at, 'execution-' || lpad(n::text, 9, '0'), at + make_interval(secs => n % 100), 'agent-' || n % 50,
           'task ' || n % 200, 'session-' || n / 5, 'user-' || n % 10000, CASE WHEN n % 20 = 0 THEN 'failure' ELSE 'success' END,
           n % 12, n % 3, n % 4000, n % 900, now(), now()
    FROM generate_series(1, ${rows}::int) n
    CROSS JOIN LATERAL (SELECT date_trunc('milliseconds', now() - interval '89 days' * (n::float8 / ${rows}::int)) AS at) t`.execute(
    db,
  );
  await sql`VACUUM (ANALYZE) executions`.execute(db);
}
