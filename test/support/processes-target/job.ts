import { dirname, join } from 'node:path';
import { joinWords } from '../../../src/experiment/words.js';
import { fitsOptions } from '../../../src/machines/job-script.js';
import { currentUser } from '../../../src/machines/user.js';
import type { Recipe } from '../../../src/recipe/recipe.js';
import { configuration } from '../../../src/recipe/scripts.js';
import { type Command, command, renderCommand, write } from '../../../src/shell/command.js';
import { withArguments } from '../../../src/shell/shell-text.js';
import { pasteable } from '../../../src/shell/word.js';
import { type Checkout, checkOut } from '../../../src/tools/git/check-out.js';
import { defaultVariables, pathsIn, variablesOf } from '../../../src/tools/job-paths.js';
import type { Folders } from './layout.js';

/** The job's line: the command with its arguments, in an environment that is its own, in its checkout. */
export function lineOf(
  { command: text, condition, environment, continues }: Recipe,
  at: Folders,
  path: string,
): string {
  const { name } = currentUser();
  const options = joinWords(condition.argv);
  const variables = [
    ...[`PATH=${path}`, `HOME=${at.home}`, `USER=${name}`, `LOGNAME=${name}`],
    ...(fitsOptions(options) ? [`OPTIONS=${options}`] : []),
    ...variablesOf(pathsIn(at.data)).map(([key, value]) => `${key}=${value}`),
    `LOGISTICIAN_ATTEMPT=${continues?.attempt ?? 1}`,
    ...Object.entries({ ...defaultVariables, ...environment }).map(([key, value]) => `${key}=${value}`),
  ];
  // The shell stays alive through a signal, so that the job's own handler runs to its end.
  const shell = ['sh', '-c', `trap : TERM INT; ${withArguments(text ?? '')}`, 'sh'];
  const job = command('env', '-i', ...variables, ...shell, ...condition.argv);
  return `${pasteable`cd ${at.source}`} && ${renderCommand(job)}`;
}

/** What brings a job to the queue, as commands; with the last of them it has arrived. Each may be repeated. */
export function deliveryOf(
  { recipe, run, order, source }: { recipe: Recipe; run: string; order: number; source: Checkout },
  at: Folders,
  path: string,
): readonly Command[] {
  const paths = pathsIn(at.data);
  const folders = [dirname(paths.configuration), paths.input, paths.output, paths.measures, paths.state];
  const line = `(trap : TERM INT; ${lineOf(recipe, at, path)})`;
  const script = `trap : TERM INT\n${line}\necho $? >exit.new && mv exit.new exit\n`;
  const job = JSON.stringify({ order, max_seconds: Math.ceil(recipe.max_hours * 3600) });
  return [
    command('mkdir', '-p', ...folders, dirname(at.log), at.home, dirname(at.known)),
    ...checkOut(source, at.source),
    ...Object.entries(recipe.inputs).map(([name, input]) =>
      command('ln', '-sfn', input.path, join(paths.input, name)),
    ),
    write(paths.configuration, `${configuration(recipe, run, paths)}\n`),
    write(at.script, script),
    write(at.known, ''),
    write(`${at.job}.new`, job),
    command('mv', `${at.job}.new`, at.job),
  ];
}
