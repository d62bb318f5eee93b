import { type Command, InvalidArgumentError } from 'commander';
import type { ApiKey } from '../../shared/db/entities/api-key.ts';
import type { Entities } from '../../shared/db/orm.ts';
import {
  createApiKey,
  listApiKeys,
  parseRole,
  parseScopes,
  revokeApiKey,
} from '../../shared/organisations/api-keys.ts';
import { ensureOrganisation } from '../../shared/organisations/organisations.ts';
import { CliError } from '../cli-error.ts';
import { withOrm } from '../stack/database.ts';
import { toolConfig } from '../stack/tool-config.ts';

const dayMs = 24 * 60 * 60 * 1000;

interface Where {
  folder: string;
}

interface CreateOptions extends Where {
  org: string;
  newOrg?: string | true;
  role: string;
  name: string;
  userId?: string;
  scopes?: string;
  expiresInDays?: number;
}

/** `tidemark keys`: creates, lists and revokes API keys. */
export function registerKeys(program: Command): void {
  const keys = program.command('keys').description('create, list and revoke API keys');
  const command = (usage: string, description: string) =>
    keys
      .command(usage)
      .description(description)
      .option('--folder <path>', 'folder of the local stack, used if DATABASE_URL is not set', '.tidemark');

  command('create', 'create a key; it is printed once and cannot be shown again')
    .requiredOption('--org <id>', 'organisation of the key')
    .requiredOption('--role <role>', 'ingest, member, admin or operator')
    .option('--new-org [name]', 'create the organisation if it does not exist')
    .option('--name <name>', 'name of the key', 'cli')
    .option('--user-id <id>', 'user whose records a member key can read')
    .option('--scopes <list>', 'restrict the key to scopes: telemetry, executions, reports, settings')
    .option('--expires-in-days <days>', 'lifetime of the key in days', parseDays)
    .action((options: CreateOptions) => withEntities(options, (em) => create(em, options)));

  command('list', 'list the keys of an organisation')
    .requiredOption('--org <id>', 'organisation')
    .action((options: Where & { org: string }) =>
      withEntities(options, async (em) => {
        for (const key of await listApiKeys(em, options.org)) process.stdout.write(`${describe(key)}\n`);
      }),
    );

  command('revoke <id>', 'revoke a key immediately').action((id: string, options: Where) =>
    withEntities(options, (em) => revoke(em, id)),
  );
}

async function create(em: Entities, options: CreateOptions): Promise<void> {
  const { org: orgId, newOrg, role, name, userId, scopes, expiresInDays } = options;
  const wanted = {
    orgId,
    name,
    userId,
    role: parseRole(role),
    scopes: scopes === undefined ? undefined : parseScopes(scopes),
    expiresAt: expiresInDays === undefined ? undefined : new Date(Date.now() + expiresInDays * dayMs),
  };
  if (newOrg) await ensureOrganisation(em, orgId, newOrg === true ? orgId : newOrg, new Date());
  const { key, record } = await createApiKey(em, wanted);
  // Only the key goes to standard output, so that scripts can capture it.
  process.stderr.write(`${describe(record)}\n`);
  process.stdout.write(`${key}\n`);
}

async function revoke(em: Entities, id: string): Promise<void> {
  const isUuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id);
  if (!isUuid || !(await revokeApiKey(em, id))) throw new CliError(`Key ${id} does not exist or is no longer valid.`);
  process.stdout.write(`Revoked ${id}.\n`);
}

function describe(key: ApiKey): string {
  const state = key.revokedAt
    ? `revoked ${key.revokedAt.toISOString()}`
    : key.expiresAt
      ? `until ${key.expiresAt.toISOString()}`
      : 'in force';
  const used = key.lastUsedAt ? `used ${key.lastUsedAt.toISOString()}` : 'never used';
  const whose = key.userId === null ? [] : [`user ${key.userId}`];
  const scopes = key.scopes.length === 0 ? 'all scopes' : key.scopes.join(',');
  return [key.id, `${key.prefix}…`, key.role, key.name, ...whose, scopes, state, used].join('  ');
}

function withEntities(where: Where, use: (em: Entities) => Promise<void>): Promise<void> {
  return withOrm(toolConfig(process.env, where.folder), (orm) => use(orm.em.fork()));
}

function parseDays(text: string): number {
  const days = Number(text);
  if (Number.isInteger(days) && days > 0 && days <= 36_500) return days;
  throw new InvalidArgumentError('must be an integer number of days, at least 1.');
}
