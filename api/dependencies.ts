import type { Client } from '@temporalio/client';
import type { Config } from '../shared/config.ts';
import type { Orm } from '../shared/db/orm.ts';
import type { Log } from '../shared/log.ts';
import type { Storage } from '../shared/storage/storage.ts';
import type { PartitionCache } from '../shared/telemetry/partition-cache.ts';
import type { CurrentHost } from './health/current-host.ts';
import type { HealthMonitor } from './health/monitor.ts';
import type { PollerCounts } from './health/pollers.ts';
import type { RequestWindow } from './health/request-window.ts';
import type { BodyMemory } from './http/body-memory.ts';
import type { JwtVerifier } from './http/jwt.ts';
import type { Limits } from './http/limits.ts';
import type { StreamPermits } from './http/stream-permits.ts';
import type { Turns } from './http/turns.ts';

/** The dependencies of the API; their creator closes them. */
export interface Dependencies {
  config: Config;
  orm: Orm;
  temporal: Client;
  storage: Storage;
  log: Log;
  health: HealthMonitor;
  currentHost: CurrentHost;
  pollers: PollerCounts;
  requests: RequestWindow;
  bodyMemory: BodyMemory;
  ingestTurns: Turns;
  streamPermits: StreamPermits;
  limits: Limits;
  /** Null where no issuer is configured: only API keys are accepted. */
  jwt: JwtVerifier | null;
  partitions: PartitionCache;
}
