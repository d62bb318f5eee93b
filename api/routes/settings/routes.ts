import { LockMode } from '@mikro-orm/postgresql';
import { Organisation } from '../../../shared/db/entities/organisation.ts';
import { dbOf } from '../../../shared/db/orm.ts';
import { inTransaction } from '../../../shared/db/transaction.ts';
import { DEFAULT_PRIVACY } from '../../../shared/domain/privacy.ts';
import { TidemarkError, validationError } from '../../../shared/errors.ts';
import { isTimeZone } from '../../../shared/organisations/time-zones.ts';
import { changedRetention } from '../../../shared/retention/rules.ts';
import { type Access, defineRoute, type RequestContext, type Route } from '../../route.ts';
import { presentSettings } from './present.ts';
import { settingsChangesSchema, settingsSchema } from './schema.ts';

const access: Access = { least: 'admin', scope: 'settings' };

async function ownOrganisation({ em, caller }: RequestContext, options: { lock: boolean }): Promise<Organisation> {
  const where = { orgId: caller.credential.orgId };
  // Concurrent changes are serialised, so that each is merged into the other's result.
  const found = await em.findOne(Organisation, where, options.lock ? { lockMode: LockMode.PESSIMISTIC_WRITE } : {});
  if (!found) throw new TidemarkError('not-found', 'The organisation of the credential no longer exists.');
  return found;
}

const read = defineRoute({
  method: 'GET',
  path: '/settings',
  access,
  tag: 'Organisation',
  summary: "Get the organisation's settings",
  answers: { 200: { description: 'The settings.', schema: settingsSchema } },
  handle: async (context) => ({ status: 200, body: presentSettings(await ownOrganisation(context, { lock: false })) }),
});

const change = defineRoute({
  method: 'PATCH',
  path: '/settings',
  access,
  tag: 'Organisation',
  summary: "Change the organisation's settings; stored data does not change",
  description:
    'Omitted settings do not change. Retention is applied daily, or by `POST /workflow-runs/retention`; a longer retention does not restore removed data.',
  body: settingsChangesSchema,
  answers: { 200: { description: 'The new settings.', schema: settingsSchema } },
  example: { body: { time_zone: 'Europe/Zurich', privacy: { store_ip: false }, retention: { events: 400 } } },
  async handle(context, { body: changes }) {
    if (changes.time_zone !== undefined && !(await isTimeZone(dbOf(context.em), changes.time_zone))) {
      throw validationError([{ field: 'time_zone', message: 'must be an IANA time zone, like Europe/Zurich' }]);
    }
    const organisation = await inTransaction(context.em, async (_, em) => {
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
    return { status: 200, body: presentSettings(organisation) };
  },
});

function given<Value>(fields: Readonly<Record<string, Value | undefined>> = {}): Record<string, Value> {
  const named: Record<string, Value> = {};
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) named[name] = value;
  return named;
}

export const settingsRoutes: readonly Route[] = [read, change];
