/** The areas of the API, in the order of the reference. */
export const TAGS = {
  Telemetry: 'Facts from agents and their platforms; repeated records are merged.',
  Executions: 'Agent runs with their tool and model usage.',
  Events: 'Clicks, logins, page views and other events.',
  Errors: 'Errors, grouped by fingerprint, and the status of each group.',
  Metrics: 'Metrics of one catalog, consistent in all endpoints.',
  Usage: 'Usage by user, feature, scenario and AI feature.',
  Reports: 'Files created by workflows: request, poll, download.',
  Organisation: 'Settings, credentials and audit log of the caller’s organisation.',
  'Workflow runs': 'List, start, pause and cancel workflow runs.',
  Health: 'The state of the installation.',
} as const;

export type Tag = keyof typeof TAGS;
