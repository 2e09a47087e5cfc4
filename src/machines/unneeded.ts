import { type Command, command } from '../shell/command.js';
import type { Io } from '../shell/process.js';
import { Unreachable } from '../tools/ssh/unreachable.js';
import type { Connection } from './connection.js';

/** Something on a machine that no deployment needs which is not terminated. */
export interface UnneededThing {
  /** A repository; a folder of inputs; an image of the experiment. */
  readonly kind: 'source' | 'input' | 'image';
  /** The name of its folder, or the image's tag. */
  readonly name: string;
  /** null: unknown. An image shares layers with others. */
  readonly bytes: number | null;
}

/** What templates/machine/unneeded.sh finds on a machine. */
export interface Unneeded {
  readonly things: readonly UnneededThing[];
  /** Why all that is there is taken for needed; null: it could be found out. */
  readonly stays: string | null;
  /** Docker's error instead of images; null: none. */
  readonly noImages: string | null;
  /** There may be more: the answer has a limit. */
  readonly more: boolean;
}

/** `needed`: a deployment has begun meanwhile that needs it. */
export type Removal = 'removed' | 'needed' | { readonly failed: string };

/** Sizes of large folders take a while. */
const ofList = { timeoutMs: 300_000, maxBytes: 2 ** 20 } as const satisfies Io;

/** Changes nothing. @param script unneeded.sh. @param discarded ids of deployments that were given up. @throws Unreachable */
export async function listUnneeded(
  connection: Connection,
  script: string,
  experiment: string,
  { docker, discarded }: { readonly docker: string; readonly discarded: readonly string[] },
): Promise<Unneeded> {
  const words = ['list', discarded.join(','), docker, experiment];
  const question = { ...command('sh', '-s', '--', ...words), input: { text: script } };
  const { stdout, stderr } = await connection.query(question, ofList);
  const found = parseUnneeded(stdout, experiment);
  if (found) return found;
  const said = (stderr || stdout).trim().split('\n').at(-1);
  throw new Unreachable(connection.name, `does not say what is on it${said ? `: ${said}` : ''}`);
}

/** Removes what is still unneeded, and answers with a line for each thing.
 * @param script path of unneeded.sh, here */
export const removeUnneeded = (
  script: string,
  { docker, discarded }: { readonly docker: string; readonly discarded: readonly string[] },
  things: readonly UnneededThing[],
): Command => ({
  ...command('sh', '-s', '--', 'remove', discarded.join(','), docker, ...things.map(wordOf)),
  input: { from: command('cat', script) },
});

const wordOf = ({ kind, name }: UnneededThing): string => `${kind}/${name}`;

/** Reads an answer, which is not trusted: only names of our own forms count. null: not an answer, or an incomplete one. */
export function parseUnneeded(text: string, experiment: string): Unneeded | null {
  const lines = answerIn(text);
  if (!lines) return null;
  const reasonOf = (kind: string) => {
    const [, why] = lines.find(([first]) => first === kind) ?? [];
    return why === undefined ? null : brief(why);
  };
  const things = new Map<string, UnneededThing>();
  for (const [kind, name = '', size = ''] of lines) {
    const thing = thingOf(kind, name, size, experiment);
    if (thing) things.set(wordOf(thing), thing);
  }
  const stays = reasonOf('stays');
  return {
    things: stays === null ? [...things.values()] : [],
    ...{ stays, noImages: reasonOf('no-images'), more: lines.some(([kind]) => kind === 'more') },
  };
}

/** What became of each of these, in their order. Where the machine does not say, it has failed. */
export function parseRemovals(text: string, things: readonly UnneededThing[]): Removal[] {
  const lines = answerIn(`${text}\nend\tunneeded`) ?? [];
  return things.map((thing) => {
    const [ended, , why = ''] = lines.find(([, word]) => word === wordOf(thing)) ?? [];
    if (ended === 'removed' || ended === 'needed') return ended;
    return { failed: brief(why) || 'the machine does not say why' };
  });
}

/** Lines after those that the login shell printed, in words. */
function answerIn(text: string): string[][] | null {
  const begin = /^logistician\tunneeded$/m.exec(text);
  if (!begin || !/^end\tunneeded$/m.test(text)) return null;
  return text
    .slice(begin.index)
    .split('\n')
    .map((line) => line.split('\t'));
}

const brief = (text: string): string => text.trim().slice(0, 300);

/** The forms of names: of `projectKey` and `inputAt`, with what is behind them while they are half there. */
const forms = {
  source: /^[A-Za-z0-9_.-]+-[0-9a-f]{10}(\+[0-9a-f]{10})?\.git(\.gone)?$/,
  input: /^[A-Za-z0-9][A-Za-z0-9._-]*-[0-9a-f]{12}(\.[A-Za-z0-9_-]+)?$/,
};

/** Bytes in a name of a file, at most (NAME_MAX). */
const longestName = 255;

function thingOf(
  kind: string | undefined,
  name: string,
  size: string,
  experiment: string,
): UnneededThing | null {
  if (name.length > longestName || name.includes('..')) return null;
  const [, digits, unit] = /^(\d{1,15})(k?)$/.exec(size) ?? [];
  const bytes = digits === undefined ? null : Number(digits) * (unit === 'k' ? 1024 : 1);
  if (kind === 'image') {
    const [repository, tag = '', ...more] = name.split(':');
    const isOurs =
      repository === `logistician/${experiment}` && more.length === 0 && /^\w[\w.-]{0,127}$/.test(tag);
    return isOurs ? { kind, name, bytes } : null;
  }
  if (kind !== 'source' && kind !== 'input') return null;
  return forms[kind].test(name) ? { kind, name, bytes } : null;
}
