import { type Logger, pino } from 'pino';
import type { Config } from './config.ts';

export type Log = Logger;

/** Creates a logger of JSON lines on standard output. Redacts headers and settings that carry credentials. */
export function createLog(config: Pick<Config, 'LOG_LEVEL'>, process: string): Log {
  return pino({
    level: config.LOG_LEVEL,
    base: { process },
    redact: ['*.authorization', 'authorization', '*.SECRET', '*.TEMPORAL_API_KEY', '*.DATABASE_URL'],
  });
}
