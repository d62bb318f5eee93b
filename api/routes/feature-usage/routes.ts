import { resolveRange } from '../../../shared/calendar/resolve-range.ts';
import { dbOf } from '../../../shared/db/orm.ts';
import { FEATURE_DAY_MEASURES, listFeatureDays } from '../../../shared/insights/feature-days.ts';
import { boundsOf } from '../../http/list-query.ts';
import { userIdAsStored } from '../../http/narrow.ts';
import { dayPosition, pageOf, pageSchema } from '../../http/pages.ts';
import { presentRange } from '../../http/time.ts';
import { defineRoute, type Route } from '../../route.ts';
import { metricSubject } from '../metric-subject.ts';
import { featureDaySchema, featureUsageQuery } from './schema.ts';

const list = defineRoute({
  method: 'GET',
  path: '/feature-usage',
  access: { least: 'admin', scope: 'metrics' },
  tag: 'Usage',
  summary: 'List the usage of each feature by local day, the latest day first',
  query: featureUsageQuery,
  answers: { 200: { description: 'A page of days.', schema: pageSchema(featureDaySchema) } },
  async handle(context, { query }) {
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
