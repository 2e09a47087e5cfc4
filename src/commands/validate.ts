import { resolve } from 'node:path';
import { BaseCommand, experimentArg } from '../cli/base-command.js';
import { ownLine } from '../errors.js';
import { readExperiment } from '../operations/read-experiment.js';
import { count } from '../phrases.js';

export default class Validate extends BaseCommand {
  static override summary = 'Check parameters.json, all of it at once.';
  static override description =
    'Every problem is named with its line and how to mend it. Every other command does the same before it begins.';
  static override examples = ['<%= config.bin %> validate', '<%= config.bin %> validate experiments/rnn-1'];
  static override args = experimentArg;

  async run(): Promise<{ valid: true; experiment: string; target: string; conditions: number }> {
    const { args } = await this.parse(Validate);
    const { parameters, path } = readExperiment(resolve(args.experiment));
    const total = parameters.conditions.length;
    this.log(
      `${path} is valid: ${parameters.experimentName}, ${count(total, 'condition')}, target ${parameters.target}.`,
    );
    this.next(args.experiment, ownLine('conditions'), ownLine('run'), ownLine('deploy'));
    return {
      valid: true,
      experiment: parameters.experimentName,
      target: parameters.target,
      conditions: total,
    };
  }
}
