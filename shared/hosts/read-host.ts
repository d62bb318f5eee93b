import { readdir, statfs } from 'node:fs/promises';
import { loadavg, networkInterfaces, uptime } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { currentLoad, mem, networkStats, processes } from 'systeminformation';
import type { Config } from '../config.ts';
import type { HostState } from './host-state.ts';

export interface HostReader {
  /** The state since the read before; two reads at once are one. */
  read(): Promise<HostState>;
}

/** Processor and network are known from two looks; the first read makes both, this far apart. */
const FIRST_LOOK_MS = 600;

/** What goes through these goes through another interface too, or does not leave the host. */
const INNER_INTERFACE = /^(lo|docker|br-|veth|virbr|cni|flannel|cali|tun|wg)/;

interface Traffic {
  rxBytes: number;
  txBytes: number;
}

/** Reads the host that this process runs on. `diskPath` lies on the disk that is to be looked at. */
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
    // Caches count as free: the system gives them up when memory is wanted.
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

/** Where files are kept on this machine; else the disk of the system. */
export function diskPathOf(config: Pick<Config, 'S3_BUCKET' | 'STORAGE_DIR'>): string {
  return config.S3_BUCKET === undefined ? config.STORAGE_DIR : '/';
}

/** As `df` says it: of what is there for everybody, so that full is 100. */
async function readDisk(path: string) {
  const { bsize, blocks, bfree, bavail } = await statfs(path);
  const used = blocks - bfree;
  return {
    disk_percent: percent((used / Math.max(1, used + bavail)) * 100),
    disk_used_bytes: used * bsize,
    disk_total_bytes: blocks * bsize,
  };
}

/** Elsewhere than on Linux each process is read for it, which takes a fifth of a second of one core. */
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

/** Bytes a second. Interfaces that came or were reset meanwhile count from the next time on. */
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
