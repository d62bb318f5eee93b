import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, Connection } from '@temporalio/client';
import type { z } from 'zod';
import { queryOnce } from '../../cli/stack/postgres.ts';
import { type Stack, startStack } from '../../cli/stack/stack.ts';
import { configSchema } from '../../shared/config.ts';
import { createTemporalClient } from '../../shared/temporal.ts';
import { eventually } from '../eventually.ts';
import { ApiClient } from './client.ts';

/** The organisation of the stack's own keys. */
export const ORG = 'dev';

/** The next test run ends what a killed one left in folders of this name. */
const FOLDER_PREFIX = 'tidemark-test-chaos-';
const DATABASE_BACK_WITHIN_MS = 60_000;

/** A stack to be hurt, and the ways to look at it from outside. */
export interface Scene {
  readonly stack: Stack;
  /** Where the reports' files are. */
  readonly storage: string;
  readonly admin: ApiClient;
  readonly ingest: ApiClient;
  readonly temporal: Client;
  /** What the supervisor said of processes that died. */
  readonly deaths: readonly string[];
  /** Rows straight from the database, as soon as it answers. */
  rows<Row>(schema: z.ZodType<Row>, text: string, values?: readonly unknown[]): Promise<Row[]>;
  close(): Promise<void>;
}

/** Starts a stack of its own, on free ports, in a folder that goes with it. */
export async function openScene(env: Readonly<Record<string, string>>): Promise<Scene> {
  const folder = mkdtempSync(join(tmpdir(), FOLDER_PREFIX));
  // As root, PostgreSQL runs as another user, who must pass through.
  chmodSync(folder, 0o711);
  const deaths: string[] = [];
  const report = {
    line: (text: string) => {
      if (/ (died|keeps dying) /.test(text)) deaths.push(text);
    },
    progress: () => undefined,
  };
  // The environment of whoever runs this names servers that are not to be hurt.
  const unset = Object.fromEntries(Object.keys(configSchema.shape).map((name) => [name, '']));
  const stack = await startStack({
    folder,
    port: 0,
    report,
    env: {
      ...process.env,
      ...unset,
      LOG_LEVEL: 'warn',
      RATE_LIMIT_PER_MINUTE: '1000000',
      RATE_LIMIT_ORG_MB_PER_MINUTE: '1000000',
      ...env,
    },
  }).catch((error: unknown) => {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  });
  const { dev } = stack;
  const connection = Connection.lazy({ address: dev.temporal_address });
  const temporal = createTemporalClient(connection, {
    TEMPORAL_ADDRESS: dev.temporal_address,
    TEMPORAL_NAMESPACE: 'default',
    TEMPORAL_TLS: false,
    TEMPORAL_API_KEY: undefined,
  });
  return {
    stack,
    storage: join(folder, 'storage'),
    admin: new ApiClient(dev.api_url, dev.admin_key),
    ingest: new ApiClient(dev.api_url, dev.ingest_key),
    temporal,
    deaths,
    async rows(schema, text, values = []) {
      const found = await eventually('an answer of the database', DATABASE_BACK_WITHIN_MS, () =>
        queryOnce(dev.database_url, text, values).catch((error: unknown) => {
          if (isFaultOfTheQuestion(error)) throw error;
          return undefined;
        }),
      );
      return schema.array().parse(found);
    },
    async close() {
      await connection.close();
      await stack.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A lost or refused connection has no SQLSTATE, or one of class 08 or 57; any other is our own fault. */
function isFaultOfTheQuestion(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^(?!08|57)\d[0-9A-Z]{4}$/.test(String(error.code));
}
