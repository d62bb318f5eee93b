import { z } from 'zod';
import { catalog } from '../../../shared/metrics/catalog/index.ts';
import { defineRoute, type Route } from '../../route.ts';
import { presentMetric } from './present.ts';
import { metricSchema } from './schema.ts';

const list = defineRoute({
  method: 'GET',
  path: '/metric-catalog',
  access: { least: 'admin', scope: 'metrics' },
  tag: 'Metrics',
  summary: 'List all metrics with their meanings and dimensions',
  answers: { 200: { description: 'The catalog.', schema: z.object({ data: z.array(metricSchema) }) } },
  handle: async () => ({ status: 200, body: { data: catalog.map(presentMetric) } }),
});

export const metricCatalogRoutes: readonly Route[] = [list];
