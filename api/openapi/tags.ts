/** The areas of the API, in the order of the reference, with what each is for. */
export const TAGS = {
  Telemetry: 'What agents and their platforms send: facts, stored once however often they are sent.',
  Executions: 'Runs of agents, with the tools and models that they used.',
  Events: 'What happened: clicks, logins, page views.',
  Errors: 'Errors, grouped by what is equal in them, and what was decided about each group.',
  Metrics: 'Numbers, each from one catalog, and the same wherever they are shown.',
  Usage: 'Who uses what, and how much: users, features, scenarios, AI features.',
  Reports: 'Files that are made by workflows: ask, follow, download.',
  Organisation: 'Settings, credentials and the audit log of the caller’s organisation.',
  'Workflow runs': 'Work that takes time: what runs, what ran, and starting, stopping and pausing it.',
  Health: 'Whether the installation works.',
} as const;

export type Tag = keyof typeof TAGS;
