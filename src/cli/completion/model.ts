/** The words that fit at a place of the command line: fixed ones, or a lookup when Tab is pressed. */
export type Offer = 'conditions' | 'experiments' | 'folders' | readonly string[];

export interface CompletedFlag {
  readonly name: string;
  readonly char: string | null;
  readonly about: string;
  /** Its possible values; null: it takes none; []: unknown. */
  readonly value: Offer | null;
}

export interface CompletedVerb {
  readonly name: string;
  readonly about: string;
  readonly flags: readonly CompletedFlag[];
  /** Its possible words. */
  readonly words: readonly Offer[];
}

/** The parts that we need of a command in oclif's manifest and classes. */
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
const help = { name: 'help', char: null, about: 'show help', value: null };

/** What a shell offers, from oclif's description of the commands. */
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

/** Without the characters that have a meaning in a shell's completion: quotes, brackets, colons. */
const plain = (text: string) =>
  text
    .replaceAll(/[`'"\\$]/g, '')
    .replaceAll('[', '(')
    .replaceAll(']', ')')
    .replaceAll(':', ',')
    .replace(/\.$/, '');

/** Takes the names out of `logistician list --json`, one per line. */
export const namesOfExperiments = String.raw`sed -n 's/^ *"experiment": "\([a-z0-9_-]*\)",*$/\1/p'`;

/** Takes the ids out of `logistician conditions --json`, one per line. */
export const idsOfConditions = String.raw`sed -n 's/^ *"id": "\([a-z0-9-]*\)",*$/\1/p'`;
