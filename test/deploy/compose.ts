import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

const checkout = resolve(import.meta.dirname, '../..');

const dependency = z.object({ condition: z.string() });

/** As much of a compose file as the checks below look at. */
const composeSchema = z.object({
  services: z.record(
    z.string(),
    z.object({
      image: z.string(),
      environment: z.record(z.string(), z.string()).default({}),
      ports: z.array(z.string()).default([]),
      volumes: z.array(z.string()).default([]),
      depends_on: z.record(z.string(), dependency).default({}),
      restart: z.string().optional(),
      healthcheck: z.object({ disable: z.boolean().optional() }).optional(),
    }),
  ),
  volumes: z.record(z.string(), z.unknown()),
});

export type ComposeFile = z.output<typeof composeSchema>;

/** The text of a file of the checkout. */
export function textOf(path: string): string {
  return readFileSync(resolve(checkout, path), 'utf8');
}

/** docker-compose.yml as it stands, with its merges done. */
export function rawCompose(): unknown {
  return parse(textOf('docker-compose.yml'), { merge: true });
}

export function readCompose(): ComposeFile {
  return composeSchema.parse(rawCompose());
}

/** A `${NAME}`, `${NAME:-default}` or `${NAME:?message}` of the file. */
export interface Variable {
  name: string;
  kind: 'required' | 'default' | 'bare';
}

const variable = /\$\{(?<name>[A-Z_]+)(?::(?<sign>[-?])(?<word>[^}]*))?\}/g;

/** Every variable that a text asks for. */
export function variablesOf(text: string): Variable[] {
  return [...text.matchAll(variable)].map(({ groups }) => ({
    name: groups?.name ?? '',
    kind: groups?.sign === '?' ? 'required' : groups?.sign === '-' ? 'default' : 'bare',
  }));
}

/** The text as compose reads it with these variables. */
export function interpolate(text: string, env: Readonly<Record<string, string>>): string {
  return text.replace(variable, (_, name: string, sign: string | undefined, word: string | undefined) => {
    const given = env[name];
    if (given !== undefined) return given;
    if (sign === '-') return word ?? '';
    throw new Error(`${name} is not given`);
  });
}
