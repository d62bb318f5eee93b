import { bucketOf, bucketsOf, GRAINS, type Grain, type Interval, intervalsOf } from '../../domain/buckets.ts';
import type { TimeRange } from '../../domain/time-range.ts';
import type { StaleBuckets } from '../../rollups/rollup-state.ts';

/** A range in parts: what is read from rollups of each grain, and what from the facts. They do not overlap and leave nothing out. */
export interface Spans {
  rollups: ReadonlyMap<Grain, readonly Interval[]>;
  facts: readonly Interval[];
}

export function intervalOf({ startInclusive, endExclusive }: TimeRange): Interval {
  return { startInclusiveMs: startInclusive.getTime(), endExclusiveMs: endExclusive.getTime() };
}

export const COARSE_TO_FINE: readonly Grain[] = ['day', 'hour', 'quarter_hour'];

/** With more, planning a query takes longer than reading facts that need not be read. */
const MAX_INTERVALS = 24;

/**
 * Splits a range: clean whole buckets come from rollups, as coarse as they may be, the rest from the facts.
 * @param grains the grains that may be read; none for facts alone
 */
export function spansOf(range: Interval, stale: StaleBuckets, grains: ReadonlySet<Grain>): Spans {
  const usable = COARSE_TO_FINE.filter((grain) => grains.has(grain));
  const fromMs = Math.min(
    Math.max(stale.rollupsFromMs ?? range.startInclusiveMs, range.startInclusiveMs),
    range.endExclusiveMs,
  );
  const kept = { startInclusiveMs: fromMs, endExclusiveMs: range.endExclusiveMs };
  const { rollups, facts } = splitClean(kept, stale.quarterHours, usable);
  const purged = { startInclusiveMs: range.startInclusiveMs, endExclusiveMs: fromMs };
  return { rollups, facts: joined(fromMs > range.startInclusiveMs ? [purged, ...facts] : facts) };
}

function splitClean(range: Interval, dirty: readonly number[], grains: readonly Grain[]): Spans {
  const split = splitRange(range, dirty, grains);
  const count = split.facts.length + [...split.rollups.values()].reduce((sum, { length }) => sum + length, 0);
  if (count <= MAX_INTERVALS) return split;
  // Dirty here and there: all between the first and the last counts as dirty.
  const first = dirty.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const last = dirty.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const between = [];
  for (let start = first; start <= last; start += GRAINS.quarter_hour * 1000) between.push(start);
  return splitRange(range, between, grains);
}

function splitRange(range: Interval, dirty: readonly number[], grains: readonly Grain[]): Spans {
  const rollups = new Map<Grain, Interval[]>();
  let rest: Interval[] = range.startInclusiveMs < range.endExclusiveMs ? [range] : [];
  for (const grain of grains) {
    const lengthMs = GRAINS[grain] * 1000;
    const dirtyBuckets = bucketsOf(dirty, grain);
    const clean: Interval[] = [];
    const left: Interval[] = [];
    for (const interval of rest) {
      const start = bucketOf(interval.startInclusiveMs + lengthMs - 1, grain);
      const end = bucketOf(interval.endExclusiveMs, grain);
      if (start >= end) {
        left.push(interval);
        continue;
      }
      const inside = dirtyBuckets.filter((bucket) => bucket >= start && bucket < end);
      left.push({ startInclusiveMs: interval.startInclusiveMs, endExclusiveMs: start });
      clean.push(...without({ startInclusiveMs: start, endExclusiveMs: end }, intervalsOf(inside, grain)));
      left.push(...intervalsOf(inside, grain));
      left.push({ startInclusiveMs: end, endExclusiveMs: interval.endExclusiveMs });
    }
    if (clean.length > 0) rollups.set(grain, clean);
    rest = left.filter(({ startInclusiveMs, endExclusiveMs }) => startInclusiveMs < endExclusiveMs);
  }
  return { rollups, facts: joined(rest) };
}

/** An interval without some holes in it, which are in order and apart. */
function without(whole: Interval, holes: readonly Interval[]): Interval[] {
  const parts: Interval[] = [];
  let from = whole.startInclusiveMs;
  for (const hole of holes) {
    if (hole.startInclusiveMs > from) parts.push({ startInclusiveMs: from, endExclusiveMs: hole.startInclusiveMs });
    from = hole.endExclusiveMs;
  }
  if (from < whole.endExclusiveMs) parts.push({ startInclusiveMs: from, endExclusiveMs: whole.endExclusiveMs });
  return parts;
}

/** Intervals that touch as one. */
function joined(intervals: readonly Interval[]): Interval[] {
  const parts: Interval[] = [];
  for (const interval of intervals.toSorted((a, b) => a.startInclusiveMs - b.startInclusiveMs)) {
    const last = parts.at(-1);
    if (last?.endExclusiveMs === interval.startInclusiveMs) last.endExclusiveMs = interval.endExclusiveMs;
    else parts.push({ ...interval });
  }
  return parts;
}
