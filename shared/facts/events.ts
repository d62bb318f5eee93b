import { sql } from 'kysely';
import { content, id, jsonObject, label, milliseconds } from '../wire.ts';
import { defineFact } from './define-fact.ts';
import { field } from './fields.ts';
import { countOf, mean, own } from './rollup.ts';

/** A point event: a click, a login, a page view. */
export const events = defineFact({
  kind: 'events',
  recordType: 'event',
  noun: 'event',
  idColumn: 'event_id',
  timeColumn: 'occurred_at',
  purgeOrder: 1,
  fields: {
    event_type: field(label(), 'text'),
    event_name: field(label(), 'text'),
    user_id: field(id().optional(), 'text', { privacy: 'user' }),
    session_id: field(id().optional(), 'text'),
    feature: field(label().optional(), 'text'),
    duration_ms: field(milliseconds().optional(), 'numeric', { measure: mean() }),
    properties: field(jsonObject().optional(), 'jsonb'),
    ip_address: field(label().optional(), 'text', { privacy: 'origin' }),
    user_agent: field(content().optional(), 'text', { privacy: 'origin-text' }),
  },
  rollup: {
    dimensions: {
      event_type: own('event_type'),
      event_name: own('event_name'),
      feature: own('feature'),
      // For the popular scenarios. Ids are at most 128 characters long.
      scenario_id: { value: sql`left(t.properties->>'scenario_id', 128)` },
    },
    measures: {
      count: countOf(),
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
  example: {
    event_type: 'click',
    event_name: 'message_sent',
    user_id: 'jane',
    session_id: 'session-1',
    feature: 'chat',
    duration_ms: 320,
    properties: { channel: 'web' },
  },
});
