import { stripVTControlCharacters } from 'node:util';
import { quote } from 'shlex';
import { UserError } from '../errors.js';
import { nearest } from '../phrases.js';

/** The verb that was used wrongly, and its flags. */
export interface Usage {
  readonly verb: string;
  /** The words after the verb. */
  readonly argv: readonly string[];
  readonly flags: Readonly<
    Record<
      string,
      {
        readonly type?: string;
        readonly options?: readonly string[] | undefined;
        readonly helpValue?: string | readonly string[] | undefined;
        readonly hidden?: boolean | undefined;
      }
    >
  >;
}

/** A command line that could not be understood. */
export class WrongUsage extends UserError {
  constructor(message: string, suggestions: readonly string[]) {
    super(message, suggestions, { exit: 2 });
  }
}

/** oclif's error about a command line, in our words; null: another kind of error. */
export function wrongUsage(error: Error, usage: Usage): WrongUsage | null {
  const { verb } = usage;
  // Only some of its errors are classes that it exports, and their names are all "Error".
  if (!('oclif' in error) || (error as { oclif: { exit?: number } }).oclif?.exit !== 2) return null;
  // At a terminal it has escape sequences in it.
  const text = stripVTControlCharacters(error.message).replace(/\nSee more help with --help$/, '');
  const help = `logistician ${verb} --help`;
  for (const [pattern, say] of sayings) {
    const match = pattern.exec(text);
    if (!match) continue;
    const { message, mend = [] } = say(usage, ...match.slice(1).map((group) => group ?? ''));
    return new WrongUsage(message, [...mend, help]);
  }
  return new WrongUsage(text, [help]);
}

type Saying = (usage: Usage, ...groups: string[]) => { message: string; mend?: readonly string[] };

const sayings: readonly (readonly [RegExp, Saying])[] = [
  [/^Nonexistent flags?: (.*)$/s, (usage, flags = '') => unknownFlags(usage, flags.split(', '))],
  [/^Unexpected arguments?: (.*)$/s, (usage, words = '') => tooMany(usage, words.split(', '))],
  [
    /^Flag (--\S+) expects/,
    ({ flags }, flag = '') => ({ message: `${flag} needs a value: ${form(flags, flag)}.` }),
  ],
  [/^Flag (--\S+) can only be specified once/, (_, flag) => ({ message: `${flag} may be given only once.` })],
  [
    /^Expected (--[^=]+)=(.*) to be one of: (.*)$/s,
    (_, flag, given = '', options = '') => oneOf(`${flag} is`, given, options.split(', ')),
  ],
  [
    /^Expected (.*) to be one of: (.*)$/s,
    ({ verb }, given = '', options = '') => oneOf(`${verb} takes`, given, options.split(', ')),
  ],
  [
    /^Parsing (--\S+)\s+Expected an integer(?: (?:greater|less) than or equal to (-?\d+))? but received: (.*)$/s,
    (_, flag, bound, given) => ({
      message: `${flag} is a whole number${bound ? ` from ${bound} on` : ''}, not "${given}".`,
    }),
  ],
  [
    /All of the following must be provided when using (--\S+): (.*)/,
    (_, flag, others = '') => ({ message: `${flag} needs ${others}.` }),
  ],
  [
    /(--[^\s=]+)(?:=.*)? cannot also be provided when using (--\S+)/s,
    (_, one, other) => ({ message: `${other} and ${one} exclude each other.` }),
  ],
];

function unknownFlags({ verb, argv, flags }: Usage, unknown: readonly string[]) {
  const [first = ''] = unknown;
  const name = first.replace(/^-+/, '').replace(/=.*/s, '');
  const known = Object.keys(flags).filter((flag) => !flags[flag]?.hidden);
  const meant = first.startsWith('--') ? nearest(name, known) : null;
  const message = `${verb} has no flag ${first}.${meant ? ` Did you mean --${meant}?` : ''}`;
  if (verb !== 'run' || meant) return { message };
  // The usual mistake: the job's arguments must stand after "--".
  const place = argv.findIndex((word) => word === first || word.startsWith(`${first}=`));
  const line = `logistician run ${[...argv.slice(0, place), '--', ...argv.slice(place)].map(quote).join(' ')}`;
  return place < 0
    ? { message }
    : { message: `${message} The arguments of the job go after "--".`, mend: [line] };
}

function tooMany({ verb, argv }: Usage, words: readonly string[]) {
  const message = `${verb} takes one folder; too many: ${words.join(' ')}.`;
  const [first = ''] = words;
  const own = argv.slice(0, Math.max(0, argv.indexOf(first)));
  const line = (...more: string[]) => `logistician ${[verb, ...own, ...more].map(quote).join(' ')}`;
  if (verb === 'run') {
    const mend = [line('--', ...words)];
    return { message: `${message} The arguments of the job go after "--".`, mend };
  }
  if (verb === 'deploy') return { message, mend: [line('--only', first)] };
  return { message };
}

function oneOf(what: string, given: string, options: readonly string[]) {
  const meant = nearest(given, options);
  const list = `${options.slice(0, -1).join(', ')} or ${options.at(-1)}`;
  return { message: `${what} ${list}, not "${given}".${meant ? ` Did you mean ${meant}?` : ''}` };
}

/** `--first N`: how the flag is written. */
function form(flags: Usage['flags'], flag: string): string {
  const { options, helpValue } = flags[flag.slice(2)] ?? {};
  return `${flag} ${options?.join('|') ?? helpValue ?? 'VALUE'}`;
}
