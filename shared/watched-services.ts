import { z } from 'zod';

/** An external service whose availability the health endpoint reports. */
export interface WatchedService {
  name: string;
  kind: 'http' | 'tcp' | 'redis' | 'postgres';
  url: URL;
}

const KINDS: Readonly<Record<string, WatchedService['kind']>> = {
  'http:': 'http',
  'https:': 'http',
  'tcp:': 'tcp',
  'redis:': 'redis',
  'rediss:': 'redis',
  'postgres:': 'postgres',
  'postgresql:': 'postgres',
};

/** The names of services that are always watched. */
const BUILT_IN_NAMES = ['database', 'temporal', 'ingestion'];

/**
 * Parses `name=url, name=url`. A comma in a URL is written as %2C. Messages name the entry, never its URL, which may
 * contain a password.
 */
export const watchedServicesSchema = z
  .string()
  .default('')
  .transform((text, context): WatchedService[] => {
    const services: WatchedService[] = [];
    const entries = text.split(',').map((entry) => entry.trim());
    for (const [index, entry] of entries.entries()) {
      if (entry === '') continue;
      const [, name = '', address = ''] = /^([^=]*)=(.*)$/s.exec(entry) ?? [];
      const fault = nameFault(name, services) ?? addressFault(address);
      const kind = KINDS[URL.parse(address)?.protocol ?? ''];
      if (fault === null && kind) services.push({ name, kind, url: new URL(address) });
      else context.addIssue({ code: 'custom', message: `entry ${index + 1} ${fault}` });
    }
    return services;
  });

function nameFault(name: string, before: readonly WatchedService[]): string | null {
  if (!/^[a-z0-9_-]+$/.test(name)) return 'must be name=url with a name of a-z, 0-9, _ and -';
  if (BUILT_IN_NAMES.includes(name)) return `has the reserved name ${name}; choose another`;
  if (before.some((service) => service.name === name)) return `repeats the name ${name} of an earlier entry`;
  return null;
}

function addressFault(address: string): string | null {
  const url = URL.parse(address);
  const kind = KINDS[url?.protocol ?? ''];
  if (!url || !kind || url.hostname === '') {
    return 'must have an http://, https://, tcp://, redis://, rediss:// or postgres:// URL';
  }
  if (kind === 'tcp' && url.port === '') return 'must have a port: tcp://host:port';
  try {
    decodeURIComponent(url.username + url.password);
    return null;
  } catch {
    return 'has a user or password that is not correctly percent-encoded';
  }
}
