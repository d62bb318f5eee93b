import { sql } from 'kysely';
import { z } from 'zod';
import { content, id, jsonObject, label, MOMENT_ALIASES, milliseconds, time } from '../wire.ts';
import { defineFact } from './definition.ts';
import { countOf, meanOf, own } from './rollup.ts';

/** Something that happened: a click, a login, a page view. */
export const events = defineFact({
  kind: 'events',
  recordType: 'event',
  noun: 'event',
  idColumn: 'event_id',
  timeColumn: 'occurred_at',
  aliases: MOMENT_ALIASES,
  patchable: [],
  requiredAtFirst: [],
  wire: z.strictObject({
    event_id: id().optional(),
    occurred_at: time().optional(),
    event_type: label(),
    event_name: label(),
    user_id: id().optional(),
    session_id: id().optional(),
    feature: label().optional(),
    duration_ms: milliseconds().optional(),
    properties: jsonObject().optional(),
    ip_address: label().optional(),
    user_agent: content().optional(),
  }),
  columns: {
    event_type: { type: 'text' },
    event_name: { type: 'text' },
    user_id: { type: 'text' },
    session_id: { type: 'text' },
    feature: { type: 'text' },
    duration_ms: { type: 'numeric' },
    properties: { type: 'jsonb' },
    ip_address: { type: 'text' },
    user_agent: { type: 'text' },
  },
  report: [
    'event_id',
    'occurred_at',
    'event_type',
    'event_name',
    'user_id',
    'session_id',
    'feature',
    'duration_ms',
    'properties',
    'ip_address',
    'user_agent',
  ],
  rollup: {
    dimensions: {
      event_type: own('event_type'),
      event_name: own('event_name'),
      feature: own('feature'),
      // What the popular scenarios are counted by; longer ids than a client may own are no ids.
      scenario_id: { value: sql`left(t.properties->>'scenario_id', 128)` },
    },
    measures: {
      count: countOf(),
      ...meanOf('duration_ms', 'duration_ms'),
      in_session_count: countOf(sql`t.session_id IS NOT NULL`),
      // The latest name of a scenario: of two arrays the one with the later time, then the greater text.
      scenario_name_latest: {
        type: 'text[]',
        aggregate: sql`max(ARRAY[to_char(t.occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS'), left(t.properties->>'name', 256)])
          FILTER (WHERE t.properties ? 'scenario_id' AND t.properties->>'name' IS NOT NULL)`,
        merge: 'max',
      },
    },
    sketches: {},
    users: { name: sql`t.event_name`, feature: sql`t.feature` },
  },
  toRow: (wire, { privacy }) => ({
    event_type: wire.event_type,
    event_name: wire.event_name,
    user_id: privacy.userId(wire.user_id),
    session_id: wire.session_id,
    feature: wire.feature,
    duration_ms: wire.duration_ms,
    properties: wire.properties,
    ip_address: privacy.origin(wire.ip_address),
    user_agent: privacy.origin(privacy.text(wire.user_agent)),
  }),
});
