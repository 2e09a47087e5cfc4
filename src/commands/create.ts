import { join, relative, resolve } from 'node:path';
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { BaseCommand, yesFlag } from '../cli/base-command.js';
import { askAboutExperiment, askForFolder } from '../cli/create-prompts.js';
import { ownLine, UserError } from '../errors.js';
import { remoteProblem } from '../experiment/scaffold.js';
import { createLine } from '../operations/read-experiment.js';
import { create, likelyAnswers, likelyFolder } from '../operations/start/create.js';
import { targetNames } from '../targets/registry.js';

class FolderMissing extends UserError {
  constructor() {
    super(
      'The folder of the new experiment is missing, and without a terminal it cannot be asked for.',
      ['logistician create experiments/one --command "python3 train.py"', 'logistician create --help'],
      { exit: 2 },
    );
  }
}

/** @throws UserError for a URL that git cannot clone */
function remoteOf(given: string): string | null {
  const problem = given === '' ? null : remoteProblem(given);
  if (problem === null) return given || null;
  throw new UserError(`--git-url "${given}" ${problem}`, ['git remote get-url origin'], { exit: 2 });
}

class CommandMissing extends UserError {
  constructor(folder: string) {
    super('The command that runs one condition is missing.', [createLine(folder)]);
  }
}

export default class Create extends BaseCommand {
  static override summary = 'Create an experiment: a folder with a Dockerfile and a parameters.json.';
  static override description =
    'Asks for what no flag gives; without a terminal, or with --yes, it takes the defaults.';
  static override examples = [
    '<%= config.bin %> create experiments/rnn-1',
    '<%= config.bin %> create experiments/rnn-1 --command "python3 train.py" --yes',
    '<%= config.bin %> create experiments/rnn-2 --base experiments/rnn-1 --yes',
  ];
  static override args = {
    path: Args.string({ description: 'folder of the new experiment', ignoreStdin: true }),
  };
  static override flags = {
    ...yesFlag,
    name: Flags.string({
      helpValue: 'NAME',
      description: 'name of the experiment; the folder’s if left out',
    }),
    'git-url': Flags.string({ helpValue: 'URL', description: 'the project’s remote; origin’s if left out' }),
    command: Flags.string({
      helpValue: 'TEXT',
      description: 'shell text that runs one condition, its arguments appended',
    }),
    target: Flags.option({ options: targetNames, description: 'where conditions run' })(),
    base: Flags.string({ helpValue: 'FOLDER', description: 'an experiment to take both files from' }),
  };

  async run() {
    const { args, flags } = await this.parse(Create);
    const asks = this.isTerminal && !flags.yes;
    if (args.path === undefined && !asks) throw new FolderMissing();
    const folder = resolve(args.path ?? (await askForFolder(likelyFolder(resolve()))));
    const session = this.session(flags);
    const base = flags.base === undefined ? null : resolve(flags.base);
    const likely = await likelyAnswers(session, folder, base);
    const given = {
      ...likely,
      ...(flags.name !== undefined && { name: flags.name }),
      ...(flags['git-url'] !== undefined && { gitUrl: remoteOf(flags['git-url']) }),
      ...(flags.command !== undefined && { command: flags.command.trim() }),
      ...(flags.target !== undefined && { target: flags.target }),
    };
    const answers = asks ? await askAboutExperiment(given, flags, base !== null) : given;
    if (!base && answers.command.trim() === '') {
      throw new CommandMissing(relative('', folder) || '.');
    }
    const made = create(session, folder, answers, base);
    this.log(made.files.map((file) => `wrote ${join(relative('', folder), file)}`).join('\n'));
    this.next(folder, ownLine('conditions'), ownLine('run'), ownLine('deploy', ['--snapshot']));
    const { gitUrl, ...rest } = answers;
    return { ...made, ...rest, git_url: gitUrl };
  }
}
