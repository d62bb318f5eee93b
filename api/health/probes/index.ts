import type { WatchedService } from '../../../shared/watched-services.ts';
import type { Probe } from '../watch.ts';
import { httpProbe } from './http.ts';
import { postgresProbe } from './postgres.ts';
import { redisProbe } from './redis.ts';
import { tcpProbe } from './tcp.ts';

/** The health check of a configured service. */
export function probeOf({ kind, url }: WatchedService): Probe {
  switch (kind) {
    case 'http':
      return httpProbe(url);
    case 'tcp':
      return tcpProbe(url);
    case 'redis':
      return redisProbe(url);
    case 'postgres':
      return postgresProbe(url.href);
  }
}
