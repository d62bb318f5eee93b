/** The grains that rollups are kept in. A day of any time zone in use begins with a quarter hour. */
export const GRAINS = { quarter_hour: 900, hour: 3_600, day: 86_400 } as const;
export type Grain = keyof typeof GRAINS;

/** Half-open, in milliseconds since 1970. */
export interface Interval {
  startInclusiveMs: number;
  endExclusiveMs: number;
}

/** The start of the bucket of a moment. */
export function bucketOf(atMs: number, grain: Grain): number {
  const lengthMs = GRAINS[grain] * 1000;
  return Math.floor(atMs / lengthMs) * lengthMs;
}

/** The buckets of `grain` that hold any of these moments, each once, in order. */
export function bucketsOf(momentsMs: Iterable<number>, grain: Grain): number[] {
  const starts = new Set<number>();
  for (const atMs of momentsMs) starts.add(bucketOf(atMs, grain));
  return [...starts].sort((a, b) => a - b);
}

/** Buckets that follow each other as one interval each. `starts` are in order. */
export function intervalsOf(starts: readonly number[], grain: Grain): Interval[] {
  const lengthMs = GRAINS[grain] * 1000;
  const intervals: Interval[] = [];
  for (const start of starts) {
    const last = intervals.at(-1);
    if (last?.endExclusiveMs === start) last.endExclusiveMs += lengthMs;
    else intervals.push({ startInclusiveMs: start, endExclusiveMs: start + lengthMs });
  }
  return intervals;
}
