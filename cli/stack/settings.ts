import { join } from 'node:path';
import { type Config, parseConfig } from '../../shared/config.ts';
import { CliError } from '../cli-error.ts';
import { isPortFree, pickPort } from './ports.ts';
import { postgresUrl, requireSameMajor } from './postgres.ts';
import { makePostgresHome } from './postgres-owner.ts';
import { ensureSecrets, readState, type StackState, writeState } from './state.ts';

/** The settings of a start, chosen before anything runs. */
export interface StackSettings {
  readonly folder: string;
  /** Environment of the API and the worker. */
  readonly config: Config;
  readonly env: NodeJS.ProcessEnv;
  /** Undefined if DATABASE_URL names a server. */
  readonly ownPostgres: { readonly port: number; readonly password: string; readonly home: string } | undefined;
  /** Undefined if TEMPORAL_ADDRESS names a server. */
  readonly ownTemporal: { readonly port: number; readonly uiPort: number } | undefined;
}

/** Database name on a server that the stack runs. */
export const ownDatabase = 'tidemark';

/**
 * Picks ports (those of the last start if free) and builds the environment of the services.
 * @throws CliError if the API's port is in use or the data belongs to another PostgreSQL; ConfigError on an invalid variable
 */
export async function chooseSettings(
  folder: string,
  askedPort: number,
  given: NodeJS.ProcessEnv,
): Promise<StackSettings> {
  const secrets = ensureSecrets(folder);
  const state = readState(folder);
  const apiPort = askedPort === 0 ? await pickPort(undefined) : askedPort;
  if (!(await isPortFree(apiPort))) {
    throw new CliError(
      `Port ${apiPort} is in use: stop the process that listens on it, or choose another port with: npm start -- --port ${apiPort + 1}`,
    );
  }
  const ports = await pickPorts(state.ports, apiPort);
  const home = given.DATABASE_URL ? state.postgres_home : (state.postgres_home ?? makePostgresHome(folder));
  // Stored before the data is created, so that an interrupted start finds it again.
  writeState(folder, { ports, postgres_home: home });
  const ownPostgres =
    given.DATABASE_URL || home === undefined
      ? undefined
      : { port: ports.postgres, password: secrets.postgres_password, home };
  if (ownPostgres) requireSameMajor(ownPostgres.home);
  const ownTemporal = given.TEMPORAL_ADDRESS ? undefined : { port: ports.temporal, uiPort: ports.temporal_ui };
  const env = {
    ...given,
    ...(ownPostgres && { DATABASE_URL: postgresUrl(ownPostgres.port, ownPostgres.password, ownDatabase) }),
    ...(ownTemporal && {
      TEMPORAL_ADDRESS: `127.0.0.1:${ownTemporal.port}`,
      TEMPORAL_UI_URL: `http://127.0.0.1:${ownTemporal.uiPort}`,
    }),
    API_PORT: String(apiPort),
    STORAGE_DIR: given.STORAGE_DIR || join(folder, 'storage'),
    SECRET: given.SECRET || secrets.secret,
  };
  return { folder, config: parseConfig(env), env, ownPostgres, ownTemporal };
}

async function pickPorts(remembered: StackState['ports'], apiPort: number) {
  const postgres = await pickPort(remembered.postgres, [apiPort]);
  const temporal = await pickPort(remembered.temporal, [apiPort, postgres]);
  const temporalUi = await pickPort(remembered.temporal_ui, [apiPort, postgres, temporal]);
  return { postgres, temporal, temporal_ui: temporalUi };
}
