import { keyOf, memberOf, readJsonObject } from './json-document.js';

/** The answers about a new experiment. */
export interface ScaffoldAnswers {
  readonly name: string;
  /** The project's remote; null: it has none. */
  readonly gitUrl: string | null;
  /** Shell text that runs one condition. */
  readonly command: string;
  readonly target: string;
}

/** Why git cannot clone from the URL, as a predicate; null: it can. */
export function remoteProblem(text: string): string | null {
  const isUrl = /^[a-z][a-z0-9+.-]*:\/\/[^\s/][^\s]*$/i.test(text);
  const isHostAndPath = /^(?:[\w.-]+@)?[\w.-]+:[^\s:][^\s]*$/.test(text);
  const isPath = /^(?:\/|\.{1,2}(?:\/|$)|~\/)/.test(text) && !/\p{Cc}/u.test(text);
  return isUrl || isHostAndPath || isPath
    ? null
    : 'is no address that git clones, such as git@github.com:ada/moons.git or https://github.com/ada/moons.git.';
}

/** The text of a new experiment's parameters.json. The template's values of the keys asked about are replaced. */
export function scaffoldParameters(template: string, answers: ScaffoldAnswers): string {
  const { name, gitUrl, command, target } = answers;
  const filled = [
    { key: 'experiment_name', value: name },
    { key: 'experiment_command', value: command },
    { key: 'target', value: target },
  ].reduce((text, { key, value }) => withValue(text, key, value), template);
  return gitUrl === null
    ? withoutKey(filled, 'project_git_url')
    : withValue(filled, 'project_git_url', gitUrl);
}

/** The text of a new experiment's Dockerfile. */
export function scaffoldDockerfile(template: string, { name, command }: ScaffoldAnswers): string {
  return template.replaceAll('{{name}}', () => name).replaceAll('{{image}}', () => baseImage(command));
}

/**
 * The text of an old parameters.json under a new name: comments, order, spacing and the digits of its numbers stay.
 *
 * @throws InvalidParameters where the old text is no JSON object
 */
export const renameParameters = (text: string, name: string, path = 'parameters.json'): string =>
  withValue(text, 'experiment_name', name, path);

/** The usual base image for a command. */
const BASE_IMAGES: readonly (readonly [program: RegExp, image: string])[] = [
  [/^(?:python[\d.]*|pip[\d.]*|pytest|jupyter|.+\.py)$/, 'python:3-slim'],
  [/^(?:Rscript|R|.+\.R)$/, 'r-base'],
  [/^julia$/, 'julia'],
  [/^(?:node|npm|npx)$/, 'node:lts-slim'],
];

function baseImage(command: string): string {
  const programs = command.split(/[\s;&|()]+/).map((word) => word.slice(word.lastIndexOf('/') + 1));
  const image = BASE_IMAGES.find(([program]) => programs.some((word) => program.test(word)));
  return image?.[1] ?? 'debian:bookworm-slim';
}

/** The JSON text with the value of one key replaced, or with the key added at the start, and nothing else changed. */
function withValue(text: string, key: string, value: string, path = 'parameters.json'): string {
  const { root, mark } = open(text, path);
  const node = memberOf(root, key)?.value;
  if (node)
    return splice(text, mark + node.loc.start.offset, mark + node.loc.end.offset, JSON.stringify(value));
  const after = mark + root.loc.start.offset + 1;
  return splice(
    text,
    after,
    after,
    `\n  ${JSON.stringify(key)}: ${JSON.stringify(value)}${root.members.length > 0 ? ',' : '\n'}`,
  );
}

/** The JSON text without one key, which must not be the last. */
function withoutKey(text: string, key: string): string {
  const { root, mark } = open(text, 'parameters.json');
  const index = root.members.findIndex((member) => keyOf(member) === key);
  const [member, next] = root.members.slice(index === -1 ? Number.POSITIVE_INFINITY : index);
  if (!member || !next) return text;
  return splice(text, mark + member.loc.start.offset, mark + next.loc.start.offset, '');
}

/** A document with the length of what precedes its text: a byte order mark, or nothing. */
function open(text: string, path: string) {
  const document = readJsonObject(text, path);
  return { root: document.root, mark: text.length - document.text.length };
}

const splice = (text: string, from: number, to: number, middle: string): string =>
  text.slice(0, from) + middle + text.slice(to);
