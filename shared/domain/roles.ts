/** From the least to the most: each role may do what those before it may, but `ingest` reads nothing. */
export const ROLES = ['ingest', 'member', 'admin', 'operator'] as const;
export type Role = (typeof ROLES)[number];

/** What a key can be narrowed to; a key without scopes may do all that its role may. */
export const SCOPES = ['telemetry', 'executions', 'metrics', 'reports', 'settings'] as const;
export type Scope = (typeof SCOPES)[number];

export function roleAtLeast(role: Role, least: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(least);
}
