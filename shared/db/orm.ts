import { Migrator } from '@mikro-orm/migrations';
import { MikroORM, type SqlEntityManager } from '@mikro-orm/postgresql';
import type { Kysely } from 'kysely';
import type { Config } from '../config.ts';
import { entities } from './entities/index.ts';
import type { KyselyTable } from './kysely-table.ts';
import { releaseLostConnections } from './lost-connections.ts';
import { Spine } from './migrations/0001-spine.ts';
import { Imports } from './migrations/0002-imports.ts';
import { Installation } from './migrations/0003-installation.ts';
import { AuditAndRates } from './migrations/0004-audit-and-rates.ts';
import { Rollups } from './migrations/0005-rollups.ts';
import { HostSamples } from './migrations/0006-host-samples.ts';
import { Retention } from './migrations/0007-retention.ts';
import { ErrorGroups } from './migrations/0008-error-groups.ts';
import { NarrowRollups } from './migrations/0009-narrow-rollups.ts';
import { RollupTiers } from './migrations/0010-rollup-tiers.ts';
import { Names } from './migrations/0011-names.ts';
import { ReportSettings } from './migrations/0012-report-settings.ts';
import { ImportRuns } from './migrations/0013-import-runs.ts';

export type Orm = MikroORM;
export type Entities = SqlEntityManager;
type Entity = (typeof entities)[number];
/** The tables of the entities, for Kysely. */
export type Tables = { [Each in Entity as Each['tableName']]: KyselyTable<Each> };
/** The query builder, on a pooled connection or in the transaction of its entity manager. */
export type Db = Kysely<Tables>;

export type DatabaseConfig = Pick<Config, 'DATABASE_URL' | 'DATABASE_POOL_SIZE'>;

/** Connects to PostgreSQL. Close it with `orm.close()`. */
export async function createOrm(config: DatabaseConfig): Promise<Orm> {
  return MikroORM.init({
    clientUrl: config.DATABASE_URL,
    entities: [...entities],
    extensions: [Migrator],
    migrations: {
      tableName: 'tidemark_migrations',
      migrationsList: [
        { name: '0001-spine', class: Spine },
        { name: '0002-imports', class: Imports },
        { name: '0003-installation', class: Installation },
        { name: '0004-audit-and-rates', class: AuditAndRates },
        { name: '0005-rollups', class: Rollups },
        { name: '0006-host-samples', class: HostSamples },
        { name: '0007-retention', class: Retention },
        { name: '0008-error-groups', class: ErrorGroups },
        { name: '0009-narrow-rollups', class: NarrowRollups },
        { name: '0010-rollup-tiers', class: RollupTiers },
        { name: '0011-names', class: Names },
        { name: '0012-report-settings', class: ReportSettings },
        { name: '0013-import-runs', class: ImportRuns },
      ],
      snapshot: false,
    },
    pool: { min: 0, max: config.DATABASE_POOL_SIZE, idleTimeoutMillis: 30_000 },
    // An unreachable database must fail the request soon rather than hang it.
    driverOptions: {
      connectionTimeoutMillis: 5_000,
      application_name: 'tidemark',
      onPoolCreated: releaseLostConnections,
    },
    // Several orms live in one test process, each with metadata of its own.
    allowGlobalContext: false,
    ensureDatabase: false,
    // Faults are thrown, and logged where they are caught.
    logger: () => undefined,
    forceUtcTimezone: true,
  });
}

/** The query builder of an entity manager. */
export function dbOf(em: Entities): Db {
  return em.getKysely<Tables>();
}
