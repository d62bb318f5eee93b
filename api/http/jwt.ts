import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { z } from 'zod';
import type { Credential } from '../../shared/auth.ts';
import type { Config } from '../../shared/config.ts';
import { ROLES } from '../../shared/domain/roles.ts';
import { TidemarkError } from '../../shared/errors.ts';
import { InvalidCredentialError } from './http-error.ts';

export interface JwtVerifier {
  /**
   * The credential that a token stands for.
   * @throws InvalidCredentialError for an invalid or expired token, or one without a required claim
   * @throws TidemarkError `unavailable` where the issuer's keys cannot be fetched
   */
  verify(token: string): Promise<Credential>;
}

/** Tolerated difference between the clocks of issuer and server. */
const CLOCK_TOLERANCE_SECONDS = 30;

/** Verifies tokens of the configured issuer; null where none is configured. */
export function createJwtVerifier(config: Config): JwtVerifier | null {
  const { JWT_ISSUER: issuer, JWT_AUDIENCE: audience, JWT_JWKS_URL: jwksUrl } = config;
  if (issuer === undefined || audience === undefined || jwksUrl === undefined) return null;
  const keys = createRemoteJWKSet(new URL(jwksUrl), { timeoutDuration: 3_000 });
  return {
    async verify(token) {
      const payload = await verified(token, keys, { issuer, audience });
      return credentialOf(payload, config);
    },
  };
}

async function verified(
  token: string,
  keys: JWTVerifyGetKey,
  expected: { issuer: string; audience: string },
): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, keys, {
      ...expected,
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      requiredClaims: ['exp'],
      // Asymmetric algorithms only: a JWKS is public, so it must hold no shared secret.
      algorithms: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'],
    });
    return payload;
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw new InvalidCredentialError('The token has expired.');
    if (isOutage(error)) {
      throw new TidemarkError('unavailable', "The issuer's keys are unavailable; try again.", { cause: error });
    }
    throw new InvalidCredentialError(`Invalid token: ${messageOf(error)}.`, { cause: error });
  }
}

/** The issuer did not answer, or not with keys: its answer was another status than 200, or no JWKS. */
function isOutage(error: unknown): boolean {
  if (!(error instanceof errors.JOSEError)) return true;
  return (
    error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid || error.code === 'ERR_JOSE_GENERIC'
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function credentialOf(payload: JWTPayload, config: Config): Credential {
  const claims = z.object({
    [config.JWT_ORG_CLAIM]: z.string().min(1).max(128),
    [config.JWT_ROLE_CLAIM]: z.enum(ROLES),
    [config.JWT_USER_CLAIM]: z.string().min(1).max(128).optional(),
  });
  const parsed = claims.safeParse(payload);
  if (!parsed.success) {
    const names = parsed.error.issues.map((issue) => issue.path.join('.')).join(', ');
    throw new InvalidCredentialError(`The token has missing or invalid claims: ${names}.`);
  }
  const role = z.enum(ROLES).parse(payload[config.JWT_ROLE_CLAIM]);
  const orgId = String(payload[config.JWT_ORG_CLAIM]);
  const user = payload[config.JWT_USER_CLAIM];
  const userId = user === undefined ? null : String(user);
  if (role === 'member' && userId === null) {
    throw new InvalidCredentialError(`A member's token requires the claim ${config.JWT_USER_CLAIM}.`);
  }
  return {
    keyId: `jwt:${orgId}:${userId ?? role}`,
    orgId,
    role,
    userId,
    scopes: [],
    name: userId ?? `token of ${role}`,
  };
}
