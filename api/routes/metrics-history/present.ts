import type { HostPoint } from '../../../shared/hosts/history.ts';

export function presentHostPoint({ at, samples, averages, peaks }: HostPoint) {
  return {
    at: at.toISOString(),
    samples,
    ...averages,
    cpu_percent_max: peaks.cpu_percent,
    memory_percent_max: peaks.memory_percent,
    disk_percent_max: peaks.disk_percent,
  };
}
