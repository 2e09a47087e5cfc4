import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ownLine } from '../errors.js';
import type { Since } from '../operations/deploy/since.js';
import type { Experiment } from '../operations/experiment.js';
import { pasteable } from '../shell/word.js';
import { filled, foldedCommand } from './fold.js';
import { textOf } from './suggestions.js';
import { visibleLine } from './text.js';

/** The most commits and changes that are named. */
const mostNamed = 3;

/** Why succeeded conditions run again, and the lines that keep their results instead. */
export function sinceLines(since: readonly Since[], experiment: SinceExperiment, width: number): string[] {
  const rest = since.slice(mostNamed).flatMap(({ conditions }) => conditions);
  const named = since
    .slice(0, mostNamed)
    .flatMap((one, index) => [
      filled(`${(index === 0 ? 'again' : '').padEnd(12)}${sentence(one)}`, width),
      ...keepLines(one, experiment).map((line) => foldedCommand(`    ${line}`, width)),
    ]);
  const more = `… and ${rest.length} more, at other commits or with other settings`;
  return rest.length > 0 ? [...named, filled(`${''.padEnd(12)}${more}`, width)] : named;
}

type SinceExperiment = Pick<Experiment, 'folder' | 'path'> & {
  readonly parameters: Pick<Experiment['parameters'], 'code'>;
};

function sentence({ commit, conditions, files, settings }: Since): string {
  const names = (files ?? []).slice(0, mostNamed).map(visibleLine);
  const more = (files?.length ?? 0) - names.length;
  const changed = [
    ...(files === null ? ['the code (that commit is not in this repository)'] : []),
    ...names,
    ...(more > 0 ? [`${more} more file${more === 1 ? '' : 's'}`] : []),
    ...settings.slice(0, mostNamed).map(visibleLine),
    ...(settings.length > mostNamed ? ['other settings'] : []),
  ];
  return `${conditions.length} succeeded at ${commit.slice(0, 10)}; since then ${listed(changed)} changed`;
}

const listed = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;

function keepLines(one: Since, experiment: SinceExperiment): string[] {
  const { commit, files, settings, run } = one;
  if (settings.length > 0) {
    const [then, now] = [join('runs', run, 'parameters.json'), 'parameters.json'].map((name) =>
      relative('', join(experiment.folder, name)),
    );
    const isOfTheFile = settings.some((key) => !/^inputs\.|^submodules /.test(key));
    return isOfTheFile && then && now && existsSync(then) ? [pasteable`diff ${then} ${now}`] : [];
  }
  if (files === null) return [];
  const atCommit = ownLine('deploy', ['--commit', commit.slice(0, 10)], 'keeps them');
  const code = codeWithout(files, experiment);
  return [
    textOf(atCommit, experiment.folder),
    ...(code ? [`"code": ${code}    # in parameters.json: keeps them too`] : []),
  ];
}

/** A value of `code` that excludes these files; null: there is none that is short enough to write. */
function codeWithout(files: readonly string[], { path, parameters }: SinceExperiment): string | null {
  const dockerfile = path === '' ? 'Dockerfile' : `${path}/Dockerfile`;
  const cannot = parameters.code !== null || files.length > mostNamed || files.includes(dockerfile);
  if (cannot || files.some((name) => !/^\w[\w ./@+-]*$/.test(name))) return null;
  return `[${['.', ...files.map((name) => `:!${name}`)].map((word) => JSON.stringify(word)).join(', ')}]`;
}

/** The same for programs. */
export const sinceJson = (since: readonly Since[]) =>
  since.map(({ commit, conditions, files, settings }) => ({
    commit,
    conditions: conditions.map(({ id }) => id),
    files,
    settings,
  }));
