/** What may stand somewhere on the command line: given words, or what is looked up when the key is pressed. */
export type Offer = 'conditions' | 'experiments' | 'folders' | readonly string[];

export interface CompletedFlag {
  readonly name: string;
  readonly char: string | null;
  readonly about: string;
  /** What its value may be; null: it has none; []: nobody can know. */
  readonly value: Offer | null;
}

export interface CompletedVerb {
  readonly name: string;
  readonly about: string;
  readonly flags: readonly CompletedFlag[];
  /** What its words may be. */
  readonly words: readonly Offer[];
}

/** A command as oclif's manifest and its classes have it, as far as it is looked at. */
export interface KnownCommand {
  readonly id: string;
  readonly summary?: string | undefined;
  readonly hidden?: boolean | undefined;
  readonly args?: Readonly<Record<string, { readonly options?: readonly string[] | undefined }>>;
  readonly flags?: Readonly<
    Record<
      string,
      {
        readonly type?: string;
        readonly char?: string | undefined;
        readonly description?: string | undefined;
        readonly summary?: string | undefined;
        readonly helpValue?: string | readonly string[] | undefined;
        readonly options?: readonly string[] | undefined;
        readonly hidden?: boolean | undefined;
      }
    >
  >;
}

/** The flags that every verb has. */
const help = { name: 'help', char: null, about: 'say how it is used', value: null };

/** What a shell offers, from what oclif knows of the commands. */
export function completedVerbs(commands: readonly KnownCommand[]): readonly CompletedVerb[] {
  return commands
    .filter(({ hidden }) => !hidden)
    .map(({ id, summary, args = {}, flags = {} }) => ({
      name: id,
      about: plain(summary ?? ''),
      flags: [
        ...Object.entries(flags)
          .filter(([, { hidden }]) => !hidden)
          .map(([name, flag]) => ({
            name,
            char: flag.char ?? null,
            about: name === 'json' ? 'the result as JSON' : plain(flag.description ?? ''),
            value: flag.type === 'boolean' ? null : offerOf(flag),
          })),
        help,
      ].sort(byName),
      words: Object.entries(args).flatMap(([name, arg]) => wordsOf(name, arg.options)),
    }))
    .sort(byName);
}

function offerOf(flag: {
  readonly options?: readonly string[] | undefined;
  readonly helpValue?: string | readonly string[] | undefined;
}): Offer {
  if (flag.options) return flag.options;
  if (flag.helpValue === 'ID') return 'conditions';
  return flag.helpValue === 'FOLDER' ? 'folders' : [];
}

function wordsOf(name: string, options: readonly string[] | undefined): readonly Offer[] {
  if (options) return [options];
  if (name === 'experiment') return ['experiments'];
  return name === 'words' ? ['experiments', 'conditions'] : ['folders'];
}

const byName = (one: { name: string }, other: { name: string }) => (one.name < other.name ? -1 : 1);

/** Without what a shell's quotes, brackets and colons would make of it. */
const plain = (text: string) =>
  text
    .replaceAll(/[`'"\\$]/g, '')
    .replaceAll('[', '(')
    .replaceAll(']', ')')
    .replaceAll(':', ',')
    .replace(/\.$/, '');

/** Takes the ids out of `logistician conditions --json`, an id a line. */
export const idsOfConditions = String.raw`sed -n 's/^ *"id": "\([a-z0-9-]*\)",*$/\1/p'`;
