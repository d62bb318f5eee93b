import type { HostState } from '../../../shared/hosts/host-state.ts';

/** The fields of `hostShape`. */
export function presentHost(host: HostState | null) {
  return {
    cpu_percent: host?.cpu_percent ?? null,
    memory_percent: host?.memory_percent ?? null,
    disk_percent: host?.disk_percent ?? null,
    uptime_seconds: host?.uptime_seconds ?? null,
  };
}
