/** The API's own base path, which links in answers carry. */
export const BASE_PATH = '/api/v1/analytics';

/** The same routes answer under both: clients of both kinds exist. */
export const BASE_PATHS = [BASE_PATH, '/api/analytics'] as const;
