import type { z } from 'zod';
import { configSchema } from '../../shared/config.ts';
import { ConfigError } from '../../shared/errors.ts';
import { CliError } from '../cli-error.ts';
import { devFilePath, readDevFile } from './dev-file.ts';

const toolConfigSchema = configSchema.pick({
  DATABASE_URL: true,
  DATABASE_POOL_SIZE: true,
  TEMPORAL_ADDRESS: true,
  TEMPORAL_NAMESPACE: true,
  TEMPORAL_TLS: true,
  TEMPORAL_API_KEY: true,
});

/** What a command needs to reach the servers. It is not a service, so it needs no SECRET. */
export type ToolConfig = z.output<typeof toolConfigSchema>;

/**
 * Returns the servers named by the environment or, without DATABASE_URL, those of the stack that runs in this folder.
 * @throws CliError if there is neither
 */
export function toolConfig(env: NodeJS.ProcessEnv, folder: string): ToolConfig {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const dev = given.DATABASE_URL === undefined ? readDevFile(folder) : undefined;
  if (given.DATABASE_URL === undefined && !dev) {
    throw new CliError(
      `No stack runs here (${devFilePath(folder)} is missing): run npm start in another terminal, or set DATABASE_URL.`,
    );
  }
  const local = dev ? { DATABASE_URL: dev.database_url, TEMPORAL_ADDRESS: dev.temporal_address } : {};
  const result = toolConfigSchema.safeParse({ ...local, ...given });
  if (result.success) return result.data;
  throw new ConfigError(result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`));
}
