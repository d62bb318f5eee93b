import { LockMode } from '@mikro-orm/postgresql';
import { sql } from 'kysely';
import { z } from 'zod';
import { Organisation } from '../../../shared/db/entities/organisation.ts';
import { type Db, dbOf, type Entities } from '../../../shared/db/orm.ts';
import { DEFAULT_PRIVACY, privacySettingsSchema } from '../../../shared/domain/privacy.ts';
import { usageCounters, usageCountersSchema } from '../../../shared/domain/usage-counters.ts';
import { TidemarkError, validationError } from '../../../shared/errors.ts';
import { changedRetention, RETENTION_KINDS, retentionChangesSchema } from '../../../shared/retention/rules.ts';
import { label, usd } from '../../../shared/wire.ts';
import { type Access, defineRoute, parseFields, type RequestContext, type Route } from '../../route.ts';

const access: Access = { least: 'admin', scope: 'settings' };

const changesSchema = z.strictObject({
  name: label(200).optional(),
  time_zone: label(64).optional(),
  privacy: privacySettingsSchema.partial().optional(),
  retention: retentionChangesSchema.optional(),
  legal_hold: z.boolean().optional(),
  storage_price_usd_per_gb_month: usd().nullable().optional(),
  usage_counters: usageCountersSchema.partial().optional(),
});

const settingsSchema = z.object({
  org_id: z.string(),
  name: z.string(),
  time_zone: z.string().meta({ description: 'An IANA name; local days are days of this zone.' }),
  privacy: z.object(privacySettingsSchema.shape).meta({ description: 'What may be kept of what is sent.' }),
  retention: z
    .object(Object.fromEntries(RETENTION_KINDS.map((kind) => [kind, z.number().int().nullable()])))
    .meta({ description: 'Days that each kind is kept; null: for ever. `executions` takes their tool usages along.' }),
  legal_hold: z.boolean().meta({ description: 'While it is set nothing is purged and nobody is erased.' }),
  storage_price_usd_per_gb_month: z.number().nullable(),
  usage_counters: z
    .object(usageCountersSchema.shape)
    .meta({ description: 'The names of events, or of AI features, that each counter counts.' }),
});

/**
 * Local days are PostgreSQL's, so its names count: old ones and new ones alike.
 * @throws TidemarkError `validation`
 */
async function requireTimeZone(db: Db, name: string): Promise<void> {
  const { rows } = await sql`SELECT FROM pg_timezone_names WHERE name = ${name} AND name !~ '^(posix|right)/'`.execute(
    db,
  );
  if (rows.length > 0) return;
  throw validationError([{ field: 'time_zone', message: 'must be an IANA time zone, like Europe/Zurich' }]);
}

async function ownOrganisation({ em, caller }: RequestContext, options: { lock: boolean }): Promise<Organisation> {
  const where = { orgId: caller.credential.orgId };
  // Two changes at once take turns: each is merged into what the other left.
  const found = await em.findOne(Organisation, where, options.lock ? { lockMode: LockMode.PESSIMISTIC_WRITE } : {});
  if (!found) throw new TidemarkError('not-found', 'The organisation of this credential is gone.');
  return found;
}

function present(organisation: Organisation) {
  return {
    org_id: organisation.orgId,
    name: organisation.name,
    time_zone: organisation.timeZone,
    privacy: { ...DEFAULT_PRIVACY, ...organisation.privacy },
    retention: Object.fromEntries(RETENTION_KINDS.map((kind) => [kind, organisation.retention[kind] ?? null])),
    legal_hold: organisation.legalHold,
    storage_price_usd_per_gb_month: organisation.storagePriceUsdPerGbMonth ?? null,
    usage_counters: usageCounters(organisation.usageCounters),
  };
}

const read = defineRoute({
  method: 'GET',
  path: '/settings',
  access,
  tag: 'Organisation',
  summary: "Show the organisation's settings",
  answers: { 200: { description: 'The settings in force.', schema: settingsSchema } },
  handle: async (context) => ({ status: 200, body: present(await ownOrganisation(context, { lock: false })) }),
});

const change = defineRoute({
  method: 'PATCH',
  path: '/settings',
  access,
  tag: 'Organisation',
  summary: "Change the organisation's settings; what is stored already stays as it is",
  description:
    'What is not named stays. Retention is applied once a day, or by `POST /workflow-runs/retention`; what it removed does not come back when more is to be kept.',
  body: 'json',
  bodySchema: changesSchema,
  answers: { 200: { description: 'The settings in force now.', schema: settingsSchema } },
  example: { body: { time_zone: 'Europe/Zurich', privacy: { store_ip: false }, retention: { events: 400 } } },
  async handle(context) {
    const changes = parseFields(changesSchema, context.body.object());
    if (changes.time_zone !== undefined) await requireTimeZone(dbOf(context.em), changes.time_zone);
    const organisation = await context.em.transactional(async (em: Entities) => {
      const own = await ownOrganisation({ ...context, em }, { lock: true });
      if (changes.name !== undefined) own.name = changes.name;
      if (changes.time_zone !== undefined) own.timeZone = changes.time_zone;
      if (changes.legal_hold !== undefined) own.legalHold = changes.legal_hold;
      if (changes.storage_price_usd_per_gb_month !== undefined) {
        own.storagePriceUsdPerGbMonth = changes.storage_price_usd_per_gb_month;
      }
      own.privacy = { ...DEFAULT_PRIVACY, ...own.privacy, ...given(changes.privacy) };
      if (changes.retention) own.retention = changedRetention(own.retention, changes.retention);
      if (changes.usage_counters) own.usageCounters = { ...own.usageCounters, ...given(changes.usage_counters) };
      await context.audit(em, 'settings.changed', null, changes);
      return own;
    });
    return { status: 200, body: present(organisation) };
  },
});

function given<Value>(fields: Readonly<Record<string, Value | undefined>> = {}): Record<string, Value> {
  const named: Record<string, Value> = {};
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) named[name] = value;
  return named;
}

export const settingsRoutes: readonly Route[] = [read, change];
