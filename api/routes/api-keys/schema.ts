import { z } from 'zod';
import { ROLES, SCOPES } from '../../../shared/domain/roles.ts';
import { id, label, time } from '../../../shared/wire.ts';
import { moment } from '../../http/time.ts';

export const newKeySchema = z.strictObject({
  name: label(200),
  role: z.enum(ROLES),
  user_id: id().optional(),
  scopes: z.array(z.enum(SCOPES)).max(SCOPES.length).optional(),
  expires_at: time().optional(),
});

export const keySchema = z
  .object({
    id: z.uuid(),
    name: z.string(),
    role: z.enum(ROLES),
    user_id: z.string().nullable().meta({ description: "The user of a member's key." }),
    scopes: z.array(z.enum(SCOPES)).meta({ description: 'Empty: everything that the role permits.' }),
    prefix: z.string().meta({ description: 'The first characters of the key, to identify it.' }),
    created_at: moment(),
    last_used_at: moment().nullable(),
    expires_at: moment().nullable(),
    revoked_at: moment().nullable(),
  })
  .meta({ id: 'ApiKey' });

export const createdKeySchema = z.object({
  ...keySchema.shape,
  key: z
    .string()
    .optional()
    .meta({ description: 'The key itself. It is not stored: a repeated request does not return it.' }),
});
