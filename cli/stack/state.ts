import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { readJson, writePrivateJson } from './private-json.ts';

const port = z.number().int().min(1).max(65_535);

const stateSchema = z.object({
  ports: z.object({ postgres: port, temporal: port, temporal_ui: port }).partial(),
  postgres_home: z.string().or(z.undefined()).optional(),
});

const secretsSchema = z.object({ secret: z.string().min(32), postgres_password: z.string().min(16) });

/** State kept between starts, so that data and client URLs stay valid. */
export type StackState = z.output<typeof stateSchema>;
export type StackSecrets = z.output<typeof secretsSchema>;

/** Creates the folder and its subfolders. Others can traverse but not list it: PostgreSQL may run as another user. */
export function makeFolder(folder: string): void {
  for (const room of [folder, join(folder, 'logs'), join(folder, 'storage')])
    mkdirSync(room, { recursive: true, mode: 0o711 });
}

/** Reads the ports and paths of earlier starts. */
export function readState(folder: string): StackState {
  return readJson(join(folder, 'state.json'), stateSchema) ?? { ports: {} };
}

export function writeState(folder: string, state: StackState): void {
  writePrivateJson(join(folder, 'state.json'), state);
}

/** Returns the secrets of this folder, created on the first start. */
export function ensureSecrets(folder: string): StackSecrets {
  const path = join(folder, 'secret.json');
  const known = readJson(path, secretsSchema);
  if (known) return known;
  const secrets = { secret: randomBytes(32).toString('hex'), postgres_password: randomBytes(18).toString('base64url') };
  writePrivateJson(path, secrets);
  return secrets;
}
