import type { Scalar } from '../runs/measures/series.js';

/** The value of a field in one run; undefined: the run has none. A list is several values. */
export type Value = Scalar | readonly string[] | undefined;
