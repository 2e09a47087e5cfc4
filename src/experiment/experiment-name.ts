import { dashed } from './condition-id.js';
import schema from './parameters.schema.json' with { type: 'json' };

const { pattern, maxLength } = schema.properties.experiment_name;
const RULE = new RegExp(pattern, 'u');

/**
 * Whether a text can name an experiment. The rule is Docker's for an image's name, without dots, which Terraform
 * refuses, and short enough for the names of cloud resources.
 */
export const isExperimentName = (text: string): boolean => text.length <= maxLength && RULE.test(text);

/** The nearest name that fits the rule, e.g. `rnn-1` for `RNN 1`: what to suggest, or the default for a folder. */
export function mendExperimentName(text: string): string {
  if (isExperimentName(text)) return text;
  return dashed(text).slice(0, maxLength).replace(/-$/, '') || 'experiment-1';
}
