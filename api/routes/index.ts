import type { Route } from '../route.ts';
import { aiFeatureRoutes } from './ai-features.ts';
import { apiKeyRoutes } from './api-keys.ts';
import { auditRoutes } from './audit-log.ts';
import { dashboardStatsRoutes } from './dashboard-stats.ts';
import { erasureRoutes } from './erasures.ts';
import { errorRoutes } from './errors.ts';
import { eventRoutes } from './events.ts';
import { executionRoutes } from './executions.ts';
import { featureUsageRoutes } from './feature-usage.ts';
import { healthRoutes } from './health.ts';
import { metricCatalogRoutes } from './metric-catalog.ts';
import { metricsRoutes } from './metrics.ts';
import { metricsHistoryRoutes } from './metrics-history.ts';
import { reportRoutes } from './reports.ts';
import { settingsRoutes } from './settings.ts';
import { systemHealthRoutes } from './system-health.ts';
import { systemMetricsRoutes } from './system-metrics.ts';
import { telemetryRoutes } from './telemetry.ts';
import { usageRoutes } from './usage.ts';
import { userActivityRoutes } from './user-activity.ts';
import { workflowRunRoutes } from './workflow-runs.ts';

/** Every call of the API. */
export const routes: readonly Route[] = [
  ...healthRoutes,
  ...systemHealthRoutes,
  ...metricsHistoryRoutes,
  ...systemMetricsRoutes,
  ...metricsRoutes,
  ...metricCatalogRoutes,
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
  // Last: `/errors/:id` would take other calls below `/errors`.
  ...errorRoutes,
];
