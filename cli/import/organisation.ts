import type { Db } from '../../shared/db/orm.ts';
import { authenticateApiKey } from '../../shared/organisations/api-keys.ts';
import { CliError } from '../cli-error.ts';
import { readDevFile } from '../stack/dev-file.ts';

/**
 * The organisation of a command: the one that is named, else the only one, else that of the stack's admin key.
 * @throws CliError where there is none of these
 */
export async function chooseOrganisation(db: Db, asked: string | undefined, folder: string): Promise<string> {
  const rows = await db.selectFrom('organisations').select('org_id').orderBy('org_id').limit(20).execute();
  const known = rows.map(({ org_id }) => org_id);
  if (asked !== undefined) {
    const found = await db.selectFrom('organisations').select('org_id').where('org_id', '=', asked).executeTakeFirst();
    if (found) return asked;
    throw new CliError(`There is no organisation ${asked}; there are: ${known.join(', ') || 'none'}.`);
  }
  if (known.length === 1 && known[0] !== undefined) return known[0];
  const key = readDevFile(folder)?.admin_key;
  const caller = key === undefined ? null : await authenticateApiKey(db, key);
  if (caller) return caller.credential.orgId;
  throw new CliError(`Name the organisation with --org; there are: ${known.join(', ') || 'none'}.`);
}
