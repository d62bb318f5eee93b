/** The pattern of `ILIKE` for texts that contain `search`; its wildcards are escaped. */
export function containsPattern(search: string): string {
  return `%${search.replace(/[\\%_]/g, (sign) => `\\${sign}`)}%`;
}
