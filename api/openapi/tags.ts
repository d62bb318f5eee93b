/** The areas of the API, in the order of the reference, with what each is for. */
export const TAGS = {
  Telemetry: 'What agents and their platforms send: facts, stored once however often they are sent.',
  Executions: 'Runs of agents, with the tools and models that they used.',
  Reports: 'Files that are made by workflows: ask, follow, download.',
  Organisation: 'Settings, credentials and the audit log of the caller’s organisation.',
  Health: 'Whether the installation works.',
} as const;

export type Tag = keyof typeof TAGS;
