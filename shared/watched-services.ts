import { z } from 'zod';

/** A service beside ours that health tells of. */
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

/** Watched in any case, under these names. */
const OWN_NAMES = ['database', 'temporal'];

/**
 * Reads `name=url, name=url`. Faults name the entry, never its URL, which may hold a password; a comma in a URL is
 * written %2C.
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
  if (!/^[a-z0-9_-]+$/.test(name)) return 'must be name=url, the name of a-z, 0-9, _ and -';
  if (OWN_NAMES.includes(name)) return `is called ${name}, as what is watched in any case; choose another name`;
  if (before.some((service) => service.name === name)) return `is called ${name}, as one before it`;
  return null;
}

function addressFault(address: string): string | null {
  const url = URL.parse(address);
  const kind = KINDS[url?.protocol ?? ''];
  if (!url || !kind || url.hostname === '') {
    return 'must have a URL of http://, https://, tcp://, redis://, rediss:// or postgres://';
  }
  if (kind === 'tcp' && url.port === '') return 'must name a port: tcp://host:port';
  try {
    decodeURIComponent(url.username + url.password);
    return null;
  } catch {
    return 'has a user or password that is not percent-encoded as URLs want it';
  }
}
