import type { Context } from 'koa';

/** The canonical base path, used in links of answers. */
export const BASE_PATH = '/api/v1/analytics';

/** Every route is served under both. */
export const BASE_PATHS = [BASE_PATH, '/api/analytics'] as const;

/** The path below the base path, without a trailing slash. */
export function relativePath(ctx: Context): string {
  const path = BASE_PATHS.reduce((rest, base) => (rest.startsWith(base) ? rest.slice(base.length) : rest), ctx.path);
  return path.replace(/\/$/, '');
}
