import { BaseCommand, experimentArg } from '../cli/base-command.js';
import { hanging, visibleLine } from '../cli/text.js';
import { readExperiment } from '../operations/read-experiment.js';
import { count } from '../phrases.js';

export default class Conditions extends BaseCommand {
  static override summary = 'Show what the list and the grid expand to, before anything runs.';
  static override description =
    'Each condition has an id made from its arguments: the same arguments have the same id wherever they stand in the file.';
  static override examples = [
    '<%= config.bin %> conditions',
    '<%= config.bin %> conditions --json | jq -r ".conditions[].id"',
  ];
  static override args = experimentArg;

  async run() {
    const { args } = await this.parse(Conditions);
    const { parameters } = readExperiment(this.experimentFolder(args.experiment));
    const conditions = parameters.conditions.map(({ id, argv, options }) => ({ id, argv, options }));
    const wide = Math.max(0, ...conditions.map(({ id }) => id.length));
    const width = process.stdout.isTTY ? this.width : Number.POSITIVE_INFINITY;
    const lines = conditions.map(({ id, options }) => hanging(id.padEnd(wide), visibleLine(options), width));
    if (lines.length > 0) this.log(lines.join('\n'));
    this.log(`${conditions.length > 0 ? '\n' : ''}${count(conditions.length, 'condition')}`);
    return { experiment: parameters.experimentName, conditions };
  }
}
