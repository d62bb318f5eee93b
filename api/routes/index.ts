import type { Route } from '../route.ts';
import { apiKeyRoutes } from './api-keys.ts';
import { auditRoutes } from './audit-log.ts';
import { executionRoutes } from './executions.ts';
import { healthRoutes } from './health.ts';
import { reportRoutes } from './reports.ts';
import { settingsRoutes } from './settings.ts';
import { telemetryRoutes } from './telemetry.ts';

/** Every call of the API. */
export const routes: readonly Route[] = [
  ...healthRoutes,
  ...telemetryRoutes,
  ...executionRoutes,
  ...reportRoutes,
  ...settingsRoutes,
  ...apiKeyRoutes,
  ...auditRoutes,
];
