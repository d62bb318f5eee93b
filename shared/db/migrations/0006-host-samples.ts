import { Migration } from '@mikro-orm/migrations';

/** Samples of the hosts that workers run on. They belong to the installation, not to an organisation. */
export class HostSamples extends Migration {
  override up(): void {
    this.addSql(samples);
    this.addSql(quarters);
  }

  override down(): void {
    this.addSql('DROP TABLE host_sample_quarters; DROP TABLE host_samples;');
  }
}

/** `at` is aligned to the sampling interval, so that the workers of a host share one row per sample. */
const samples = `
CREATE TABLE host_samples (
  host text NOT NULL,
  at timestamptz(3) NOT NULL,
  cpu_percent numeric(5, 2) NOT NULL,
  memory_percent numeric(5, 2) NOT NULL,
  memory_used_bytes bigint NOT NULL,
  memory_total_bytes bigint NOT NULL,
  disk_percent numeric(5, 2) NOT NULL,
  disk_used_bytes bigint NOT NULL,
  disk_total_bytes bigint NOT NULL,
  network_rx_bytes_per_second bigint NOT NULL,
  network_tx_bytes_per_second bigint NOT NULL,
  load_1m numeric(8, 2) NOT NULL,
  processes integer NOT NULL,
  uptime_seconds bigint NOT NULL,
  PRIMARY KEY (host, at)
);
-- The latest state, the roll-up and the deletion read by time over all hosts.
CREATE INDEX host_samples_at ON host_samples (at);
`;

/**
 * Quarter hours rather than hours: a day of any time zone is a sum of them. Sums are exact, so rolling up again gives the
 * same row.
 */
const quarters = `
CREATE TABLE host_sample_quarters (
  host text NOT NULL,
  at timestamptz(0) NOT NULL,
  samples integer NOT NULL,
  cpu_percent_sum numeric NOT NULL,
  cpu_percent_max numeric(5, 2) NOT NULL,
  memory_percent_sum numeric NOT NULL,
  memory_percent_max numeric(5, 2) NOT NULL,
  memory_used_bytes_sum numeric NOT NULL,
  memory_total_bytes_sum numeric NOT NULL,
  disk_percent_sum numeric NOT NULL,
  disk_percent_max numeric(5, 2) NOT NULL,
  disk_used_bytes_sum numeric NOT NULL,
  disk_total_bytes_sum numeric NOT NULL,
  network_rx_bytes_per_second_sum numeric NOT NULL,
  network_tx_bytes_per_second_sum numeric NOT NULL,
  load_1m_sum numeric NOT NULL,
  processes_sum numeric NOT NULL,
  uptime_seconds_sum numeric NOT NULL,
  PRIMARY KEY (host, at)
);
-- The history and the deletion read by time over all hosts; the last quarter hour is the watermark of the roll-up.
CREATE INDEX host_sample_quarters_at ON host_sample_quarters (at);
`;
