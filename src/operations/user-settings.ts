import { join } from 'node:path';
import { UserError } from '../errors.js';
import { nearest } from '../phrases.js';
import { readBounded, UnreadableFile } from '../runs/bounded-file.js';
import { pasteable } from '../shell/word.js';
import { targetHere, targetNames } from '../targets/registry.js';

export const verbosities = ['quiet', 'normal', 'verbose'] as const;

/** How much is shown of issued commands and of their output: nothing; a row per command, and its latest line while it
 * runs; everything. */
export type Verbosity = (typeof verbosities)[number];

/** The user's settings for all experiments, in ~/.logistician/config.json. No file in a project can change them. */
export interface UserSettings {
  /** The target that `create` proposes. */
  readonly target: string;
  /** How much commands show, unless a flag says otherwise. */
  readonly verbosity: Verbosity;
  /** A line for the user's own `sh -c` once `deploy --wait`, `status --watch` or `run` has ended; null: none. */
  readonly notify: string | null;
}

const defaults: UserSettings = { target: targetHere, verbosity: 'normal', notify: null };

/** The user's settings cannot be read, or contain invalid values. */
export class InvalidSettings extends UserError {
  constructor(path: string, problems: readonly string[]) {
    super([`${path} is used only in part:`, ...problems.map((problem) => `  ${problem}`)].join('\n'), [
      pasteable`mv ${path} ${path}.old && logistician setup`,
    ]);
  }
}

export const settingsFile = (home: string): string => join(home, '.logistician', 'config.json');

/** The user's settings, with defaults for missing and invalid ones: a mistake in this file must not prevent stopping a
 * job.
 * @returns also the problem with the file; null: none */
export function readUserSettings(home: string): {
  readonly settings: UserSettings;
  readonly problem: InvalidSettings | null;
} {
  const { set, problems } = readSet(home);
  const known = Object.entries(set).filter(([key, value]) => {
    const problem = problemOf(key, value);
    if (problem) problems.push(problem);
    return problem === null;
  });
  return {
    settings: { ...defaults, ...Object.fromEntries(known) },
    problem: problems.length > 0 ? new InvalidSettings(settingsFile(home), problems) : null,
  };
}

/** The text of the file with some settings changed. Everything else in it stays. @throws InvalidSettings if it cannot
 * be read */
export function withSettings(home: string, settings: Partial<UserSettings>): string {
  const { set, problems } = readSet(home);
  if (problems.length > 0) throw new InvalidSettings(settingsFile(home), problems);
  return `${JSON.stringify({ ...set, ...settings }, null, 2)}\n`;
}

function readSet(home: string): { set: Readonly<Record<string, unknown>>; problems: string[] } {
  try {
    const text = readBounded(settingsFile(home))?.bytes.toString();
    if (text === undefined) return { set: {}, problems: [] };
    const set: unknown = JSON.parse(text);
    if (typeof set === 'object' && set !== null && !Array.isArray(set))
      return { set: { ...set }, problems: [] };
    return { set: {}, problems: ['It is not a JSON object.'] };
  } catch (error) {
    if (error instanceof UnreadableFile) return { set: {}, problems: [`It ${error.reason}.`] };
    return { set: {}, problems: [`It is not JSON: ${(error as Error).message}.`] };
  }
}

/** The problem with a setting; null: none. */
function problemOf(key: string, value: unknown): string | null {
  switch (key) {
    case 'target':
      return isOneOf(targetNames, value) ? null : `"target" is not one of ${listed(targetNames)}.`;
    case 'verbosity':
      return isOneOf(verbosities, value) ? null : `"verbosity" is not one of ${listed(verbosities)}.`;
    case 'notify':
      if (value === null || (typeof value === 'string' && value.trim() !== '' && !value.includes('\0')))
        return null;
      return '"notify" is not a shell command.';
    default: {
      const meant = nearest(key, Object.keys(defaults));
      return `${JSON.stringify(key)} is not a setting.${meant ? ` Did you mean "${meant}"?` : ''}`;
    }
  }
}

const isOneOf = (known: readonly string[], value: unknown): boolean =>
  typeof value === 'string' && known.includes(value);

const listed = (words: readonly string[]): string => words.map((word) => `"${word}"`).join(', ');
