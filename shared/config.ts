import { z } from 'zod';
import { ConfigError } from './errors.ts';
import { trustedProxiesSchema } from './trusted-proxies.ts';
import { watchedServicesSchema } from './watched-services.ts';

const flag = z.enum(['true', 'false', '1', '0']).transform((value) => value === 'true' || value === '1');
const wholeNumber = (least: number, most: number) => z.coerce.number().int().min(least).max(most);

/** The environment variables of every Tidemark process. The defaults suit a single machine; README lists them. */
export const configSchema = z.object({
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/, error: 'a postgres:// URL is required' }),
  DATABASE_POOL_SIZE: wholeNumber(2, 200).default(12),
  QUERY_TIMEOUT_SECONDS: wholeNumber(1, 3600).default(60),
  TEMPORAL_ADDRESS: z.string().min(1).default('127.0.0.1:7233'),
  TEMPORAL_NAMESPACE: z.string().min(1).default('default'),
  TEMPORAL_TLS: flag.default(false),
  TEMPORAL_API_KEY: z.string().min(1).optional(),
  TEMPORAL_UI_URL: z.url().optional(),
  TASK_QUEUE: z.string().min(1).default('tidemark'),
  API_HOST: z.string().min(1).default('127.0.0.1'),
  API_PORT: wholeNumber(0, 65_535).default(3000),
  PUBLIC_URL: z.url().optional(),
  STORAGE_DIR: z.string().min(1).default('.tidemark/storage'),
  S3_BUCKET: z
    .string()
    .regex(/^[\w.-]{3,255}$/, 'must be the name of a bucket, without a URL; the endpoint goes into S3_ENDPOINT')
    .optional(),
  S3_ENDPOINT: z.url({ protocol: /^https?$/, error: 'an http:// or https:// URL' }).optional(),
  S3_REGION: z.string().min(1).default('us-east-1'),
  S3_PREFIX: z
    .string()
    .default('')
    .transform((path) => path.replace(/^\/+|\/+$/g, ''))
    .refine(
      (path) => /^([\w.-]*\w[\w.-]*(\/|$))*$/.test(path),
      'a path of letters, digits, dots, hyphens and underscores',
    ),
  S3_ACCESS_KEY_ID: z.string().min(1).optional(),
  S3_SECRET_ACCESS_KEY: z.string().min(1).optional(),
  S3_FORCE_PATH_STYLE: flag.default(false),
  SECRET: z.string().min(32, 'must have at least 32 characters; generate one with: openssl rand -hex 32'),
  REPORT_TTL_DAYS: wholeNumber(1, 3650).default(30),
  REPORT_PARALLEL_PARTS: wholeNumber(1, 64).default(2),
  REPORT_PART_ROWS: wholeNumber(100, 5_000_000).default(100_000),
  INGEST_MAX_CONCURRENT: wholeNumber(1, 200).default(8),
  INGEST_MAX_WAITING: wholeNumber(0, 10_000).default(64),
  INGEST_MAX_WAITING_PER_ORG: wholeNumber(0, 10_000).default(32),
  INGEST_TURN_SECONDS: wholeNumber(1, 3600).default(60),
  INGEST_STALL_SECONDS: wholeNumber(1, 3600).default(30),
  BODY_TIMEOUT_SECONDS: wholeNumber(1, 3600).default(60),
  BODY_LEAST_BYTES_PER_SECOND: wholeNumber(0, 1_000_000_000).default(4096),
  BODY_GRACE_SECONDS: wholeNumber(0, 3600).default(5),
  // At least the largest body.
  BODY_MEMORY_MB: wholeNumber(16, 1_000_000).default(256),
  BODY_MEMORY_MB_PER_ORG: wholeNumber(16, 1_000_000).default(64),
  TRUST_PROXY: trustedProxiesSchema,
  RATE_LIMIT_PER_MINUTE: wholeNumber(1, 1_000_000).default(6_000),
  RATE_LIMIT_QUERIES_PER_MINUTE: wholeNumber(1, 1_000_000).optional(),
  RATE_LIMIT_ORG_PER_MINUTE: wholeNumber(1, 10_000_000).optional(),
  RATE_LIMIT_ORG_MB_PER_MINUTE: wholeNumber(16, 1_000_000).default(1024),
  RATE_LIMIT_FAILED_CREDENTIALS_PER_MINUTE: wholeNumber(1, 1_000_000).default(100),
  RATE_LIMIT_STORE: z.enum(['memory', 'postgres']).default('memory'),
  CORS_ORIGINS: z
    .string()
    .default('')
    .transform((text) =>
      text
        .split(',')
        .map((origin) => origin.trim())
        .filter((origin) => origin !== ''),
    ),
  WATCHED_SERVICES: watchedServicesSchema,
  AI_MODEL: z.string().min(1).optional(),
  AI_MODEL_SERVICE: z.string().min(1).optional(),
  // Samples older than two minutes do not count as the current state, hence at least one a minute; 0 disables them.
  HOST_SAMPLE_SECONDS: wholeNumber(0, 60).default(15),
  HOST_SAMPLES_DAYS: wholeNumber(1, 400).default(14),
  JWT_ISSUER: z.string().min(1).optional(),
  JWT_AUDIENCE: z.string().min(1).optional(),
  JWT_JWKS_URL: z.url({ protocol: /^https?$/ }).optional(),
  JWT_ORG_CLAIM: z.string().min(1).default('org_id'),
  JWT_ROLE_CLAIM: z.string().min(1).default('role'),
  JWT_USER_CLAIM: z.string().min(1).default('sub'),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
});

export type Config = z.output<typeof configSchema>;

/** Dependencies between variables, checked once each variable is valid by itself. */
const coherentSchema = configSchema.superRefine((config, context) => {
  const needs = (name: keyof Config, message: string) => {
    if (config[name] === undefined) context.addIssue({ code: 'custom', path: [name], message });
  };
  if (config.S3_ENDPOINT) needs('S3_BUCKET', 'is required with S3_ENDPOINT');
  if (config.S3_ACCESS_KEY_ID) needs('S3_SECRET_ACCESS_KEY', 'is required with S3_ACCESS_KEY_ID');
  const issuer = ['JWT_ISSUER', 'JWT_AUDIENCE', 'JWT_JWKS_URL'] as const;
  if (issuer.some((name) => config[name] !== undefined)) {
    for (const name of issuer) needs(name, 'JWT_ISSUER, JWT_AUDIENCE and JWT_JWKS_URL must be set together');
  }
  if (config.S3_SECRET_ACCESS_KEY) needs('S3_ACCESS_KEY_ID', 'is required with S3_SECRET_ACCESS_KEY');
  const { AI_MODEL_SERVICE: service, WATCHED_SERVICES: watched } = config;
  if (service !== undefined && !watched.some(({ name }) => name === service)) {
    const message = `names no service of WATCHED_SERVICES: ${service}`;
    context.addIssue({ code: 'custom', path: ['AI_MODEL_SERVICE'], message });
  }
});

/**
 * Parses and validates the environment. Called once, at the start of a process. Empty variables count as not set.
 * @throws ConfigError that lists every invalid variable with the reason
 */
export function parseConfig(env: Record<string, string | undefined>): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const result = coherentSchema.safeParse(given);
  if (result.success) return result.data;
  throw new ConfigError(result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`));
}
