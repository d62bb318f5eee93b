import { z } from 'zod';
import { id, label } from '../../../shared/wire.ts';
import { boundsShape, listShape } from '../../http/list-query.ts';

/** Columns of events that the list bounds by `min_` and `max_`. */
export const EVENT_MEASURES = ['duration_ms'] as const;

export const eventsQuery = z.strictObject({
  ...listShape,
  event_type: label().optional(),
  event_name: label().optional(),
  session_id: id().optional(),
  feature: label().optional(),
  ...boundsShape(EVENT_MEASURES),
});
