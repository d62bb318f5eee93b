/**
 * DDSketch (Masson, Rim, Lee: "DDSketch: A Fast and Fully-Mergeable Quantile Sketch with Relative-Error Guarantees",
 * VLDB 2019) with a relative error of 1 %: a value v > 0 counts in bin ceil(log(v) / log(gamma)). Bins merge by adding.
 */
const RELATIVE_ERROR = 0.01;
export const GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR);
export const LOG_GAMMA = Math.log(GAMMA);

/** Values up to this are counted as 0. Durations are milliseconds. */
export const LEAST_VALUE = 0.001;
/** The bin of 0: below that of the least value. */
export const ZERO_BIN = -1000;
