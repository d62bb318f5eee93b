import { join } from 'node:path';
import type { z } from 'zod';
import { configSchema } from '../../shared/config.ts';
import { ConfigError } from '../../shared/errors.ts';
import { type ToolConfig, toolConfig } from '../stack/tool-config.ts';

const moreSchema = configSchema.pick({
  TASK_QUEUE: true,
  STORAGE_DIR: true,
  S3_BUCKET: true,
  S3_ENDPOINT: true,
  S3_REGION: true,
  S3_PREFIX: true,
  S3_ACCESS_KEY_ID: true,
  S3_SECRET_ACCESS_KEY: true,
  S3_FORCE_PATH_STYLE: true,
});

/** The servers, and the storage and task queues that the worker uses. */
export type ImportConfig = ToolConfig & z.output<typeof moreSchema>;

/**
 * Reads the configuration from the environment. Without DATABASE_URL, uses the storage of the stack that runs in this folder.
 * @throws CliError, ConfigError
 */
export function importConfig(env: NodeJS.ProcessEnv, folder: string): ImportConfig {
  const tools = toolConfig(env, folder);
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const local = given.DATABASE_URL === undefined ? { STORAGE_DIR: join(folder, 'storage') } : {};
  const result = moreSchema.safeParse({ ...local, ...given });
  if (result.success) return { ...tools, ...result.data };
  throw new ConfigError(result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`));
}
