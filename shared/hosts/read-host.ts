import { readdir, statfs } from 'node:fs/promises';
import { loadavg, networkInterfaces, uptime } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { currentLoad, mem, networkStats, processes } from 'systeminformation';
import type { Config } from '../config.ts';
import type { HostState } from './host-state.ts';

export interface HostReader {
  /** Reads the state since the previous read. Concurrent calls share one read. */
  read(): Promise<HostState>;
}

/** CPU and network need two readings. The first read takes both, this many milliseconds apart. */
const FIRST_LOOK_MS = 600;

/** Virtual interfaces: their traffic is also counted on a physical interface or stays on the host. */
const INNER_INTERFACE = /^(lo|docker|br-|veth|virbr|cni|flannel|cali|tun|wg)/;

interface Traffic {
  rxBytes: number;
  txBytes: number;
}

/** Creates a reader of this process's host. @param diskPath a path on the disk to measure */
export function createHostReader(diskPath: string): HostReader {
  let last: { at: number; traffic: Map<string, Traffic> } | undefined;
  let pending: Promise<HostState> | undefined;

  async function look(): Promise<HostState> {
    if (!last) {
      await currentLoad();
      last = { at: performance.now(), traffic: await readTraffic() };
      await sleep(FIRST_LOOK_MS);
    }
    const [cpu, memory, disk, count, traffic] = await Promise.all([
      currentLoad(),
      mem(),
      readDisk(diskPath),
      countProcesses(),
      readTraffic(),
    ]);
    const at = performance.now();
    const rates = ratesBetween(last.traffic, traffic, (at - last.at) / 1000);
    last = { at, traffic };
    // Caches count as free: the kernel reclaims them under memory pressure.
    const usedBytes = memory.total - memory.available;
    return {
      cpu_percent: percent(cpu.currentLoad),
      memory_percent: percent((usedBytes / memory.total) * 100),
      memory_used_bytes: usedBytes,
      memory_total_bytes: memory.total,
      ...disk,
      network_rx_bytes_per_second: Math.round(rates.rxBytes),
      network_tx_bytes_per_second: Math.round(rates.txBytes),
      load_1m: Math.round((loadavg()[0] ?? 0) * 100) / 100,
      processes: count,
      uptime_seconds: Math.round(uptime()),
    };
  }

  return {
    read() {
      pending ??= look().finally(() => {
        pending = undefined;
      });
      return pending;
    },
  };
}

/** Returns the local storage folder, or the system disk if files are stored in S3. */
export function diskPathOf(config: Pick<Config, 'S3_BUCKET' | 'STORAGE_DIR'>): string {
  return config.S3_BUCKET === undefined ? config.STORAGE_DIR : '/';
}

/** Percent as `df` computes it: of the space available to unprivileged users, so a full disk is 100. */
async function readDisk(path: string) {
  const { bsize, blocks, bfree, bavail } = await statfs(path);
  const used = blocks - bfree;
  return {
    disk_percent: percent((used / Math.max(1, used + bavail)) * 100),
    disk_used_bytes: used * bsize,
    disk_total_bytes: blocks * bsize,
  };
}

/** Outside Linux this reads every process, about 0.2 s of one core. */
async function countProcesses(): Promise<number> {
  if (process.platform !== 'linux') return (await processes()).all;
  return (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).length;
}

async function readTraffic(): Promise<Map<string, Traffic>> {
  const names = Object.keys(networkInterfaces()).filter((name) => !INNER_INTERFACE.test(name));
  if (names.length === 0) return new Map();
  const stats = await networkStats(names.join(','));
  return new Map(stats.map((each) => [each.iface, { rxBytes: each.rx_bytes, txBytes: each.tx_bytes }]));
}

/** Bytes per second. Interfaces that are new or were reset are counted from the next read. */
function ratesBetween(before: Map<string, Traffic>, after: Map<string, Traffic>, seconds: number): Traffic {
  const rates = { rxBytes: 0, txBytes: 0 };
  for (const [name, now] of after) {
    const then = before.get(name);
    if (!then || now.rxBytes < then.rxBytes || now.txBytes < then.txBytes) continue;
    rates.rxBytes += (now.rxBytes - then.rxBytes) / seconds;
    rates.txBytes += (now.txBytes - then.txBytes) / seconds;
  }
  return rates;
}

function percent(value: number): number {
  return Math.round(Math.min(100, Math.max(0, value)) * 100) / 100;
}
