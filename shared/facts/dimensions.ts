import { z } from 'zod';
import type { Privacy } from '../domain/privacy.ts';
import type { FieldError } from '../errors.ts';
import { id, jsonObject, label, time } from '../wire.ts';
import { fieldErrors } from './field-errors.ts';
import type { Column, Row } from './fields.ts';

export type DimensionName = 'agents' | 'users';

/** Attributes of a user or an agent, kept beside the facts and resolved at query time. */
export interface Dimension {
  name: DimensionName;
  recordType: 'user' | 'agent';
  idColumn: 'user_id' | 'agent_id';
  wire: z.ZodObject;
  columns: Readonly<Record<string, Column>>;
  read(raw: object, privacy: Privacy): { ok: true; id: string; row: Row } | { ok: false; errors: FieldError[] };
}

const userWire = z.strictObject({
  user_id: id(),
  email: label(320).optional(),
  name: label().optional(),
  created_at: time().optional(),
  properties: jsonObject().optional(),
});

const agentWire = z.strictObject({
  agent_id: id(),
  name: label().optional(),
  agent_type: label().optional(),
  tags: z.array(label()).max(64).optional(),
  created_by: id().optional(),
  created_at: time().optional(),
});

export const users: Dimension = {
  name: 'users',
  recordType: 'user',
  idColumn: 'user_id',
  wire: userWire,
  columns: {
    email: { type: 'text' },
    name: { type: 'text' },
    created_at: { type: 'timestamptz' },
    properties: { type: 'jsonb' },
  },
  read(raw, privacy) {
    const parsed = userWire.safeParse(raw);
    if (!parsed.success) return { ok: false, errors: fieldErrors(parsed.error) };
    const { user_id, email, name, created_at, properties } = parsed.data;
    const row = {
      email: privacy.person(email),
      name: privacy.person(name),
      created_at,
      properties: privacy.person(properties),
    };
    return { ok: true, id: privacy.userId(user_id) ?? user_id, row };
  },
};

export const agents: Dimension = {
  name: 'agents',
  recordType: 'agent',
  idColumn: 'agent_id',
  wire: agentWire,
  columns: {
    name: { type: 'text' },
    agent_type: { type: 'text' },
    tags: { type: 'text[]' },
    created_by: { type: 'text' },
    created_at: { type: 'timestamptz' },
  },
  read(raw, privacy) {
    const parsed = agentWire.safeParse(raw);
    if (!parsed.success) return { ok: false, errors: fieldErrors(parsed.error) };
    const { agent_id, created_by, ...row } = parsed.data;
    return { ok: true, id: agent_id, row: { ...row, created_by: privacy.userId(created_by) } };
  },
};

export const dimensions: Readonly<Record<DimensionName, Dimension>> = { agents, users };
