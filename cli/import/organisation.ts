import type { Db } from '../../shared/db/orm.ts';
import { authenticateApiKey } from '../../shared/organisations/api-keys.ts';
import { CliError } from '../cli-error.ts';
import { readDevFile } from '../stack/dev-file.ts';

/**
 * Chooses a command's organisation: the named one, else the only one, else the one of the stack's admin key.
 * @throws CliError if none of these exists
 */
export async function chooseOrganisation(db: Db, asked: string | undefined, folder: string): Promise<string> {
  const rows = await db.selectFrom('organisations').select('org_id').orderBy('org_id').limit(20).execute();
  const known = rows.map(({ org_id }) => org_id);
  if (asked !== undefined) {
    const found = await db.selectFrom('organisations').select('org_id').where('org_id', '=', asked).executeTakeFirst();
    if (found) return asked;
    throw new CliError(`Organisation ${asked} does not exist. Existing organisations: ${known.join(', ') || 'none'}.`);
  }
  if (known.length === 1 && known[0] !== undefined) return known[0];
  const key = readDevFile(folder)?.admin_key;
  const caller = key === undefined ? null : await authenticateApiKey(db, key);
  if (caller) return caller.credential.orgId;
  throw new CliError(`Specify the organisation with --org. Existing organisations: ${known.join(', ') || 'none'}.`);
}
