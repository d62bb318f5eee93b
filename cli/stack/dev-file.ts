import { join } from 'node:path';
import { z } from 'zod';
import { readJson } from './private-json.ts';

const pid = z.number().int().positive();

const devFileSchema = z.object({
  api_url: z.url(),
  docs_url: z.url(),
  temporal_ui_url: z.url().nullable(),
  temporal_address: z.string(),
  database_url: z.string(),
  task_queues: z.array(z.string()),
  admin_key: z.string(),
  member_key: z.string(),
  member_user_id: z.string(),
  ingest_key: z.string(),
  other_admin_key: z.string(),
  other_ingest_key: z.string(),
  /** Null for a server that this stack did not start. */
  pids: z.object({ api: pid, worker: pid, temporal: pid.nullable(), postgres: pid.nullable() }),
});

/** `.tidemark/dev.json`: addresses, keys and pids of the running stack, for scripts. */
export type DevFile = z.output<typeof devFileSchema>;

/** Returns the path of a folder's dev.json. */
export function devFilePath(folder: string): string {
  return join(folder, 'dev.json');
}

/** Reads the dev.json of the folder; undefined if no stack runs. */
export function readDevFile(folder: string): DevFile | undefined {
  return readJson(devFilePath(folder), devFileSchema);
}
