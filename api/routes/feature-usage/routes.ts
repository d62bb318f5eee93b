import { z } from 'zod';
import { resolveRange } from '../../../shared/calendar/resolve-range.ts';
import { dbOf } from '../../../shared/db/orm.ts';
import { FEATURE_DAY_MEASURES, listFeatureDays } from '../../../shared/insights/feature-days.ts';
import { label } from '../../../shared/wire.ts';
import { pageSchema } from '../../http/answers.ts';
import { boundsOf, boundsShape, dayPosition, listShape, pageOf, presentRange } from '../../http/list-query.ts';
import { userIdAsStored } from '../../http/narrow.ts';
import { defineRoute, type Route } from '../../route.ts';
import { metricSubject } from '../metric-subject.ts';

const daySchema = z
  .object({
    feature: z.string(),
    date: z.iso.date(),
    usage_count: z.number().int().meta({ description: 'Events of the feature.' }),
    unique_users: z.number().int(),
    avg_duration_ms: z
      .number()
      .nullable()
      .meta({ description: 'Of the events that say how long; null where none does.' }),
  })
  .meta({ id: 'FeatureDay' });

const list = defineRoute({
  method: 'GET',
  path: '/feature-usage',
  access: { least: 'admin', scope: 'metrics' },
  tag: 'Usage',
  summary: 'How each feature was used on each local day, the latest day first',
  query: z.strictObject({ ...listShape, feature: label().optional(), ...boundsShape(FEATURE_DAY_MEASURES) }),
  answers: { 200: { description: 'A page of features’ days.', schema: pageSchema(daySchema) } },
  async handle(context, query) {
    const range = await resolveRange(dbOf(context.em), query, context.caller.timeZone, new Date());
    const rows = await listFeatureDays(context.em, {
      subject: await metricSubject(context),
      range,
      userId: userIdAsStored(context, query.user_id),
      feature: query.feature,
      search: query.search,
      ...boundsOf(query, FEATURE_DAY_MEASURES),
      after: query.cursor,
      limit: query.limit + 1,
    });
    const page = pageOf(rows, query.limit, ({ date, feature }) => dayPosition(date, feature));
    return { status: 200, body: { ...page, range: presentRange(range) } };
  },
});

export const featureUsageRoutes: readonly Route[] = [list];
