import { relative } from 'node:path';
import { commandProblem } from '../experiment/command-check.js';
import { isExperimentName, mendExperimentName } from '../experiment/experiment-name.js';
import { remoteProblem, type ScaffoldAnswers } from '../experiment/scaffold.js';
import { targetNames } from '../targets/registry.js';
import { ask } from './prompts.js';

/** Asks for the folder of the new experiment. @param likely the folder to propose */
export async function askForFolder(likely: string): Promise<string> {
  const message = 'Folder of the experiment';
  const proposal = relative('', likely);
  const { folder } = await ask<{ folder: string }>([
    { type: 'input', name: 'folder', message, default: proposal },
  ]);
  return folder;
}

/** Asks for what no flag gives, and proposes defaults.
 * @param derived from another experiment: asks only for the name. */
export async function askAboutExperiment(
  likely: ScaffoldAnswers,
  flags: Readonly<Record<string, unknown>>,
  derived: boolean,
): Promise<ScaffoldAnswers> {
  const answers = await ask<Partial<ScaffoldAnswers>>([
    {
      type: 'input',
      name: 'name',
      message: 'Name',
      default: likely.name,
      when: flags.name === undefined,
      validate: (name: string) =>
        isExperimentName(name) || `Such as ${mendExperimentName(name)}: it is part of image and cloud names.`,
    },
    {
      type: 'input',
      name: 'gitUrl',
      message: 'Remote of the project (empty: none)',
      default: likely.gitUrl ?? '',
      when: !derived && flags['git-url'] === undefined,
      validate: (url: string) => {
        const problem = url === '' ? null : remoteProblem(url);
        return problem === null || `That ${problem}`;
      },
    },
    {
      type: 'input',
      name: 'command',
      message: 'Command that runs one condition, such as python3 train.py',
      when: !derived && flags.command === undefined,
      validate: (command: string) => {
        if (command.trim() === '') return 'The arguments of a condition are appended to it.';
        const problem = commandProblem(command);
        return problem === null || `The command ${problem}`;
      },
    },
    {
      type: 'select',
      name: 'target',
      message: 'Where conditions run',
      default: likely.target,
      choices: [...targetNames],
      when: !derived && flags.target === undefined,
    },
  ]);
  const { gitUrl = likely.gitUrl, ...rest } = answers;
  return { ...likely, ...rest, gitUrl: gitUrl || null };
}
