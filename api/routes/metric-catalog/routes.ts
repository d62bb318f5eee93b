import { catalog } from '../../../shared/metrics/catalog/index.ts';
import { defineRoute, type Route } from '../../route.ts';
import { presentLanguage, presentMetric } from './present.ts';
import { metricCatalogSchema } from './schema.ts';

const list = defineRoute({
  method: 'GET',
  path: '/metric-catalog',
  access: { least: 'admin', scope: 'metrics' },
  tag: 'Metrics',
  summary: 'List all metrics with their meanings and dimensions, and what a question may hold',
  answers: { 200: { description: 'The catalog.', schema: metricCatalogSchema } },
  handle: async () => ({ status: 200, body: { data: catalog.map(presentMetric), question: presentLanguage() } }),
});

export const metricCatalogRoutes: readonly Route[] = [list];
