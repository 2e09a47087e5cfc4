import type { LeftData } from '../../runs/left-data.js';

// Pure: the best measure of several runs. No setting says which measure counts, so it is the first one that a run
// reports; its name tells whether lower or higher is better.

export interface Best {
  /** The measure. */
  readonly name: string;
  readonly value: number;
  readonly goal: 'min' | 'max';
  readonly condition: string;
  readonly run: string;
}

export interface Measured extends Pick<LeftData, 'measure' | 'summary'> {
  readonly condition: string;
  readonly run: string;
}

const smallIsGood =
  /(^|[^a-z])(loss|nll|err|error|errors|mse|rmse|mae|mape|perplexity|ppl|bpc|wer|cer|fid|regret|cost|time|seconds|latency|memory)([^a-z]|$)/i;

export const goalOf = (name: string): Best['goal'] => (smallIsGood.test(name) ? 'min' : 'max');

/** The best of the first number in each summary, or of the newest measure; null: no run has one. */
export function bestOf(runs: readonly Measured[]): Best | null {
  let best = null as Best | null;
  for (const { condition, run, summary, measure } of runs) {
    const values = summary ?? measure ?? {};
    const name = best?.name ?? Object.keys(values).find((key) => isNumber(values[key]));
    const value = name === undefined ? undefined : values[name];
    if (name === undefined || !isNumber(value)) continue;
    const goal = goalOf(name);
    if (!best || (goal === 'min' ? value < best.value : value > best.value))
      best = { name, value, goal, condition, run };
  }
  return best;
}

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
