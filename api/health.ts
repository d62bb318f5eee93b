import type { Client } from '@temporalio/client';
import { sql } from 'kysely';
import { dbOf, type Orm } from '../shared/db/orm.ts';

export type ServiceStatus = 'healthy' | 'unhealthy';

export interface HealthMonitor {
  /** As last seen: never waits for anything. */
  state(): { database: ServiceStatus; temporal: ServiceStatus; checkedAt: Date };
  /** Looks at everything once, so that the first answer is a true one. */
  check(): Promise<void>;
  stop(): void;
}

/** Between two looks; an outage shows this much later at most, plus the time-out. */
const INTERVAL_MS = 2_000;
const TIMEOUT_MS = 1_500;

/** Watches database and Temporal in the background, so that `/health` answers at once even when one of them hangs. */
export function createHealthMonitor(orm: Orm, temporal: Client): HealthMonitor {
  let state: ReturnType<HealthMonitor['state']> = {
    database: 'unhealthy',
    temporal: 'unhealthy',
    checkedAt: new Date(0),
  };
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  async function check(): Promise<void> {
    const [database, server] = await Promise.all([
      seen(sql`SELECT 1`.execute(dbOf(orm.em.fork()))),
      seen(
        temporal.connection.withDeadline(Date.now() + TIMEOUT_MS, () =>
          temporal.connection.workflowService.getSystemInfo({}),
        ),
      ),
    ]);
    state = { database, temporal: server, checkedAt: new Date() };
  }

  async function loop(): Promise<void> {
    await check();
    if (!stopped) timer = setTimeout(() => void loop(), INTERVAL_MS).unref();
  }
  timer = setTimeout(() => void loop(), INTERVAL_MS).unref();

  return {
    state: () => state,
    check,
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

async function seen(look: Promise<unknown>): Promise<ServiceStatus> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), TIMEOUT_MS);
  });
  try {
    await Promise.race([look, late]);
    return 'healthy';
  } catch {
    return 'unhealthy';
  } finally {
    clearTimeout(timer);
  }
}
