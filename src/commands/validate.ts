import { BaseCommand, experimentArg } from '../cli/base-command.js';
import { fromHere } from '../cli/from-here.js';
import { ownLine } from '../errors.js';
import { verifyExperiment } from '../operations/experiment.js';
import { warnOfNamesakes } from '../operations/read-experiment.js';
import { count } from '../phrases.js';

export default class Validate extends BaseCommand {
  static override summary = 'Check parameters.json, all of it at once, and that what it names exists.';
  static override description =
    'Every problem is named with its line and its fix. Every other command does the same before it starts.';
  static override examples = ['<%= config.bin %> validate', '<%= config.bin %> validate experiments/rnn-1'];
  static override args = experimentArg;

  async run(): Promise<{ valid: true; experiment: string; target: string; conditions: number }> {
    const { args, flags } = await this.parse(Validate);
    const folder = this.experimentFolder(args.experiment);
    const { parameters, path } = verifyExperiment(folder);
    const total = parameters.conditions.length;
    warnOfNamesakes(this.session(flags).notify, folder, parameters.experimentName);
    this.log(
      `${fromHere(path)} is valid: ${parameters.experimentName}, ${count(total, 'condition')}, target ${parameters.target}.`,
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
