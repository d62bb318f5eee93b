import { type Logger, pino } from 'pino';
import type { Config } from './config.ts';

export type Log = Logger;

/** Structured log lines on standard output. Credentials never reach them: the headers that carry any are cut. */
export function createLog(config: Pick<Config, 'LOG_LEVEL'>, process: string): Log {
  return pino({
    level: config.LOG_LEVEL,
    base: { process },
    redact: ['*.authorization', 'authorization', '*.SECRET', '*.TEMPORAL_API_KEY', '*.DATABASE_URL'],
  });
}
