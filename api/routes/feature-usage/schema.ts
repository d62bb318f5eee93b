import { z } from 'zod';
import { FEATURE_DAY_MEASURES } from '../../../shared/insights/feature-days.ts';
import { label } from '../../../shared/wire.ts';
import { boundsShape, listShape } from '../../http/list-query.ts';

export const featureUsageQuery = z.strictObject({
  ...listShape,
  feature: label().optional(),
  ...boundsShape(FEATURE_DAY_MEASURES),
});

export const featureDaySchema = z
  .object({
    feature: z.string(),
    date: z.iso.date(),
    usage_count: z.number().int().meta({ description: 'Number of events.' }),
    unique_users: z.number().int(),
    avg_duration_ms: z
      .number()
      .nullable()
      .meta({ description: 'Of the events with a duration; null if there are none.' }),
  })
  .meta({ id: 'FeatureDay' });
