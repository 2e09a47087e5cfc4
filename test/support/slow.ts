import { it } from 'vitest';
import { isThorough } from './engines.js';

/** `it`, for what takes long beside what it adds to the tests next to it: skipped but by `bin/test --all`. */
export const slow = it.runIf(isThorough);
