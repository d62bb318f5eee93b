import { z } from 'zod';
import { Organisation } from '../../shared/db/entities/organisation.ts';
import { privacySettingsSchema } from '../../shared/domain/privacy.ts';
import { TidemarkError } from '../../shared/errors.ts';
import { label } from '../../shared/facts/wire.ts';
import { type Access, defineRoute, parseFields, type RequestContext, type Route } from '../route.ts';

const access: Access = { least: 'admin', scope: 'settings' };

const changesSchema = z.strictObject({
  name: label(200).optional(),
  time_zone: z
    .string()
    .refine((zone) => Intl.supportedValuesOf('timeZone').includes(zone) || zone === 'UTC', {
      error: 'must be an IANA time zone, like Europe/Zurich',
    })
    .optional(),
  privacy: privacySettingsSchema.partial().optional(),
});

const settingsSchema = z.object({
  org_id: z.string(),
  name: z.string(),
  time_zone: z.string().meta({ description: 'An IANA name; local days are days of this zone.' }),
  privacy: z.object(privacySettingsSchema.shape).meta({ description: 'What may be kept of what is sent.' }),
});

async function ownOrganisation({ em, caller }: RequestContext): Promise<Organisation> {
  const found = await em.findOne(Organisation, { orgId: caller.credential.orgId });
  if (!found) throw new TidemarkError('not-found', 'The organisation of this credential is gone.');
  return found;
}

function present(organisation: Organisation, caller: RequestContext['caller']) {
  return {
    org_id: organisation.orgId,
    name: organisation.name,
    time_zone: organisation.timeZone,
    privacy: { ...caller.privacy, ...organisation.privacy },
  };
}

const read = defineRoute({
  method: 'GET',
  path: '/settings',
  access,
  tag: 'Organisation',
  summary: "Show the organisation's settings",
  answers: { 200: { description: 'The settings in force.', schema: settingsSchema } },
  handle: async (context) => ({ status: 200, body: present(await ownOrganisation(context), context.caller) }),
});

const change = defineRoute({
  method: 'PATCH',
  path: '/settings',
  access,
  tag: 'Organisation',
  summary: "Change the organisation's settings; what is stored already stays as it is",
  body: 'json',
  bodySchema: changesSchema,
  answers: { 200: { description: 'The settings in force now.', schema: settingsSchema } },
  example: { body: { time_zone: 'Europe/Zurich', privacy: { store_ip: false } } },
  async handle(context) {
    const changes = parseFields(changesSchema, context.body.object());
    const organisation = await context.em.transactional(async (em) => {
      const own = await ownOrganisation({ ...context, em });
      if (changes.name !== undefined) own.name = changes.name;
      if (changes.time_zone !== undefined) own.timeZone = changes.time_zone;
      const privacy = Object.entries(changes.privacy ?? {}).filter(([, value]) => value !== undefined);
      own.privacy = { ...context.caller.privacy, ...Object.fromEntries(privacy) };
      await context.audit(em, 'settings.changed', null, changes);
      return own;
    });
    return { status: 200, body: present(organisation, context.caller) };
  },
});

export const settingsRoutes: readonly Route[] = [read, change];
