/** The canonical base path, used in links of answers. */
export const BASE_PATH = '/api/v1/analytics';

/** Every route is served under both. */
export const BASE_PATHS = [BASE_PATH, '/api/analytics'] as const;
