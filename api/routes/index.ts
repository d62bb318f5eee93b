import type { Route } from '../route.ts';
import { aiFeatureRoutes } from './ai-features/routes.ts';
import { apiKeyRoutes } from './api-keys/routes.ts';
import { auditRoutes } from './audit-log/routes.ts';
import { dashboardStatsRoutes } from './dashboard-stats/routes.ts';
import { erasureRoutes } from './erasures/routes.ts';
import { errorRoutes } from './errors/routes.ts';
import { eventRoutes } from './events/routes.ts';
import { executionRoutes } from './executions/routes.ts';
import { featureUsageRoutes } from './feature-usage/routes.ts';
import { healthRoutes } from './health/routes.ts';
import { metricCatalogRoutes } from './metric-catalog/routes.ts';
import { metricsRoutes } from './metrics/routes.ts';
import { metricsHistoryRoutes } from './metrics-history/routes.ts';
import { queryRoutes } from './query/routes.ts';
import { reportRoutes } from './reports/routes.ts';
import { settingsRoutes } from './settings/routes.ts';
import { systemHealthRoutes } from './system-health/routes.ts';
import { systemMetricsRoutes } from './system-metrics/routes.ts';
import { telemetryRoutes } from './telemetry/routes.ts';
import { usageRoutes } from './usage/routes.ts';
import { userActivityRoutes } from './user-activity/routes.ts';
import { workflowRunRoutes } from './workflow-runs/routes.ts';

/** All routes of the API, in the order of matching. */
export const routes: readonly Route[] = [
  ...healthRoutes,
  ...systemHealthRoutes,
  ...metricsHistoryRoutes,
  ...systemMetricsRoutes,
  ...metricsRoutes,
  ...metricCatalogRoutes,
  ...queryRoutes,
  ...dashboardStatsRoutes,
  ...usageRoutes,
  ...userActivityRoutes,
  ...featureUsageRoutes,
  ...aiFeatureRoutes,
  ...telemetryRoutes,
  ...executionRoutes,
  ...eventRoutes,
  ...reportRoutes,
  ...settingsRoutes,
  ...apiKeyRoutes,
  ...auditRoutes,
  ...erasureRoutes,
  ...workflowRunRoutes,
  // Last: `/errors/:id` would match other paths below `/errors`.
  ...errorRoutes,
];
