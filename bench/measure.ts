import { readFileSync, writeFileSync } from 'node:fs';

/** One goal: our time against a limit measured alternately in the same run. */
export interface Figure {
  name: string;
  unit: string;
  /** Medians over the rounds. */
  ours: number;
  limitName: string;
  limit: number;
  /** Median of the ratios of each round: drift in the machine's speed affects both sides of a round. */
  ratio: number;
  /** Upper bound of the ratio; lower bound if more is better. */
  goal: number;
  moreIsBetter: boolean;
  rounds: { ours: number; limit: number }[];
}

export function isMissed({ ratio, goal, moreIsBetter }: Figure): boolean {
  return moreIsBetter ? ratio < goal : ratio > goal;
}

/** The median: the middle value, or the mean of the two middle values. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const high = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? high : (high + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** Runs both sides alternately, A B A B …, after one warm-up round. */
export async function interleaved(
  figure: Omit<Figure, 'ours' | 'limit' | 'ratio' | 'rounds'>,
  count: number,
  ours: () => Promise<number>,
  limit: () => Promise<number>,
): Promise<Figure> {
  const rounds: Figure['rounds'] = [];
  for (let n = 0; n <= count; n += 1) {
    const round = { ours: await ours(), limit: await limit() };
    if (n > 0) rounds.push(round);
    process.stdout.write(
      `  ${figure.name}: ${round.ours.toFixed(2)} : ${round.limit.toFixed(2)} ${figure.unit}${n === 0 ? ' (warm-up)' : ''}\n`,
    );
  }
  return {
    ...figure,
    rounds,
    ours: median(rounds.map((round) => round.ours)),
    limit: median(rounds.map((round) => round.limit)),
    ratio: median(rounds.map((round) => round.ours / round.limit)),
  };
}

/** Returns the `q` quantile of the values. */
export function quantileOf(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(q * sorted.length) - 1] ?? Number.NaN;
}

export async function seconds(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return (performance.now() - from) / 1000;
}

/** Resets the peak memory of a process (Linux). */
export function resetPeakMemory(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** Returns the peak and current resident memory of a process, in MB (Linux). */
export function memoryMb(pid: number): { peak: number; now: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const read = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1] ?? Number.NaN) / 1024;
  return { peak: read('VmHWM'), now: read('VmRSS') };
}
