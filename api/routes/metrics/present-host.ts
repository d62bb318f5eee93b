import { z } from 'zod';
import type { HostState } from '../../../shared/hosts/host-state.ts';

const measure = (unit: string) =>
  z
    .number()
    .nullable()
    .meta({ description: `${unit}; null where no host could be read.` });

/** How the hosts do, as overviews show it: their average, as last sampled. */
export const hostShape = {
  cpu_percent: measure('Percent'),
  memory_percent: measure('Percent'),
  disk_percent: measure('Percent'),
  uptime_seconds: measure('Seconds'),
};

export function presentHost(host: HostState | null) {
  return {
    cpu_percent: host?.cpu_percent ?? null,
    memory_percent: host?.memory_percent ?? null,
    disk_percent: host?.disk_percent ?? null,
    uptime_seconds: host?.uptime_seconds ?? null,
  };
}
