/**
 * DDSketch (Masson, Rim, Lee: "DDSketch: A Fast and Fully-Mergeable Quantile Sketch with Relative-Error Guarantees",
 * VLDB 2019) with a relative error of 1 %: a value v > 0 counts in bin ceil(log(v) / log(gamma)). Bins merge by adding.
 */
const RELATIVE_ERROR = 0.01;
const GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR);
export const LOG_GAMMA = Math.log(GAMMA);

/** Values up to this are counted as 0. Durations are milliseconds. */
export const LEAST_VALUE = 0.001;
/** The bin of 0: below that of the least value. */
export const ZERO_BIN = -1000;

/** How many values lie in each bin, in the order of the bins. */
export interface Sketch {
  bins: readonly number[];
  counts: readonly number[];
}

/**
 * The value of which a share `q` (0 to 1) of all values is at most.
 * @returns within 1 % of the value of that rank; null of an empty sketch
 */
export function quantile({ bins, counts }: Sketch, q: number): number | null {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  const rank = q * (total - 1);
  let seen = 0;
  for (const [n, bin] of bins.entries()) {
    seen += counts[n] ?? 0;
    if (seen > rank) return valueOfBin(bin);
  }
  return valueOfBin(bins.at(-1) ?? ZERO_BIN);
}

function valueOfBin(bin: number): number {
  return bin === ZERO_BIN ? 0 : (2 * GAMMA ** bin) / (GAMMA + 1);
}
