import { join } from 'node:path';
import { z } from 'zod';
import { dbOf, type Entities, type Orm } from '../../shared/db/orm.ts';
import type { Role } from '../../shared/domain/roles.ts';
import { authenticateApiKey, createApiKey } from '../../shared/organisations/api-keys.ts';
import { ensureOrganisation } from '../../shared/organisations/organisations.ts';
import type { DevFile } from './dev-file.ts';
import { readJson, writePrivateJson } from './private-json.ts';

/** The credentials written to dev.json. */
export type DevKeys = Pick<
  DevFile,
  'admin_key' | 'member_key' | 'member_user_id' | 'ingest_key' | 'other_admin_key' | 'other_ingest_key'
>;

type KeyName = 'admin_key' | 'member_key' | 'ingest_key' | 'other_admin_key' | 'other_ingest_key';

const organisation = { id: 'dev', name: 'Development' };
/** A second organisation without data, for isolation tests: any data visible with its keys has leaked. */
const otherOrganisation = { id: 'dev-other', name: 'Other organisation' };
const memberUserId = 'dev-member';

const plan: readonly { name: KeyName; orgId: string; role: Role; userId?: string }[] = [
  // An operator is an admin who can also manage the installation.
  { name: 'admin_key', orgId: organisation.id, role: 'operator' },
  { name: 'member_key', orgId: organisation.id, role: 'member', userId: memberUserId },
  { name: 'ingest_key', orgId: organisation.id, role: 'ingest' },
  { name: 'other_admin_key', orgId: otherOrganisation.id, role: 'admin' },
  { name: 'other_ingest_key', orgId: otherOrganisation.id, role: 'ingest' },
];

const storedSchema = z.record(z.string(), z.string());

/** Returns the keys of earlier starts; creates those that are missing or no longer valid in the database. */
export async function ensureDevKeys(orm: Orm, folder: string): Promise<DevKeys> {
  const path = join(folder, 'keys.json');
  const stored = readJson(path, storedSchema) ?? {};
  const em = orm.em.fork();
  for (const { id, name } of [organisation, otherOrganisation]) {
    await ensureOrganisation(em, id, name, new Date());
  }
  const keys: DevKeys = {
    admin_key: '',
    member_key: '',
    member_user_id: memberUserId,
    ingest_key: '',
    other_admin_key: '',
    other_ingest_key: '',
  };
  for (const { name, orgId, role, userId } of plan) {
    keys[name] =
      (await stillGood(em, stored[name])) ?? (await createApiKey(em, { orgId, role, userId, name: 'dev' })).key;
  }
  writePrivateJson(path, keys);
  return keys;
}

async function stillGood(em: Entities, key: string | undefined): Promise<string | undefined> {
  return key !== undefined && (await authenticateApiKey(dbOf(em), key)) ? key : undefined;
}
