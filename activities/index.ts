import type { Client } from '@temporalio/client';
import type { Config } from '../shared/config.ts';
import type { Orm } from '../shared/db/orm.ts';
import type { Log } from '../shared/log.ts';
import type { Storage } from '../shared/storage/storage.ts';
import { taskQueues } from '../shared/temporal.ts';
import { createErasureActivities } from './erasures/erasure-activities.ts';
import { createHostSampleActivities } from './hosts/host-activities.ts';
import { createHousekeepingActivities } from './housekeeping/housekeeping-activities.ts';
import { createImportActivities } from './imports/import-activities.ts';
import { createSweepActivities } from './jobs/sweep-activities.ts';
import { createReportActivities } from './reports/report-activities.ts';
import { createRetentionActivities } from './retention/retention-activities.ts';
import { createRetentionRoundActivities } from './retention/round-activities.ts';
import { createRollupActivities } from './rollups/rollup-activities.ts';

export interface ActivityDependencies {
  config: Config;
  orm: Orm;
  client: Client;
  storage: Storage;
  log: Log;
}

/** Every activity, by the name under which workflows call it. */
export function createActivities({ config, orm, client, storage, log }: ActivityDependencies) {
  return {
    ...createReportActivities({
      orm,
      storage,
      log,
      rowsPerPart: config.REPORT_PART_ROWS,
      keptDays: config.REPORT_TTL_DAYS,
    }),
    ...createSweepActivities({
      orm,
      client,
      storage,
      log,
      queues: taskQueues(config),
      parallelParts: config.REPORT_PARALLEL_PARTS,
    }),
    ...createImportActivities({ orm, storage, log, secret: config.SECRET }),
    ...createHousekeepingActivities({ orm, storage, log }),
    ...createRetentionActivities({ orm, storage, log }),
    ...createRetentionRoundActivities({ orm, log }),
    ...createErasureActivities({ orm, storage, log }),
    ...createRollupActivities({ orm, log }),
    ...createHostSampleActivities({ orm, keptDays: config.HOST_SAMPLES_DAYS }),
  };
}

export type Activities = ReturnType<typeof createActivities>;
