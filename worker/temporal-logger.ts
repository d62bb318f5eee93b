import { DefaultLogger } from '@temporalio/worker';
import type { Log } from '../shared/log.ts';

/** Forwards the log lines of Temporal's SDK to our log. */
export function temporalLogger(log: Log): DefaultLogger {
  return new DefaultLogger('INFO', ({ level, message, meta }) => {
    const line = { ...meta, ...(meta?.error instanceof Error ? { err: meta.error } : {}) };
    switch (level) {
      case 'ERROR':
        return log.error(line, message);
      case 'WARN':
        return log.warn(line, message);
      case 'INFO':
        return log.info(line, message);
      case 'DEBUG':
      case 'TRACE':
        return log.debug(line, message);
    }
  });
}
