import { randomBytes } from 'node:crypto';
import { isExperimentName, mendExperimentName } from '../experiment/experiment-name.js';
import type { ScaffoldAnswers } from '../experiment/scaffold.js';
import { targetNames } from '../targets/registry.js';
import { ask } from './prompts.js';

/** Where the experiment is to be. */
export async function askForFolder(): Promise<string> {
  const message = 'Folder of the experiment';
  const proposal = `experiments/${randomBytes(4).toString('hex')}`;
  const { folder } = await ask<{ folder: string }>([
    { type: 'input', name: 'folder', message, default: proposal },
  ]);
  return folder;
}

/** Asks what no flag says, proposing what is likely. @param derived from another experiment: only the name is asked. */
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
    },
    {
      type: 'input',
      name: 'command',
      message: 'Command that runs one condition, such as python3 train.py',
      when: !derived && flags.command === undefined,
      validate: (command: string) =>
        command.trim() !== '' || 'The arguments of a condition are put behind it.',
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
