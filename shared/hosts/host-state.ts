/** The measures of a host's state, each with its number of decimals. */
export const HOST_MEASURES = {
  cpu_percent: 2,
  memory_percent: 2,
  memory_used_bytes: 0,
  memory_total_bytes: 0,
  disk_percent: 2,
  disk_used_bytes: 0,
  disk_total_bytes: 0,
  network_rx_bytes_per_second: 0,
  network_tx_bytes_per_second: 0,
  load_1m: 2,
  processes: 0,
  uptime_seconds: 0,
} as const;

export type HostMeasure = keyof typeof HOST_MEASURES;
export type HostState = Record<HostMeasure, number>;

/** Measures stored with their peak, since a short peak at capacity matters more than the average. */
export const PEAK_MEASURES = ['cpu_percent', 'memory_percent', 'disk_percent'] as const;
