import { type Command, command } from '../../shell/command.js';
import type { Word } from '../../shell/word.js';

/** Settings and environment of a git command. */
export interface How {
  /** `KEY=VALUE`, overriding all configuration files. */
  readonly settings?: readonly string[];
  readonly env?: Readonly<Record<string, Word>>;
}

/** `git -C FOLDER -c SETTING … WORDS`. The command itself overrides the user's settings that would change its result, so
 * that a pasted line does the same. Plumbing that reads no settings (send-pack, fetch-pack) is used instead of the usual
 * commands where it exists. */
export const git = (folder: Word, words: readonly Word[], { settings = [], env }: How = {}): Command => ({
  ...command('git', '-C', folder, ...settings.flatMap((setting) => ['-c', setting]), ...words),
  ...(env && { env }),
});

/** For commands that read or write an index or a ref: disables the programs that a repository's configuration and hooks
 * may name. A job of `run` can write these, so they must not run. */
export const noPrograms = ['core.fsmonitor=false', 'core.hooksPath=/dev/null'] as const;

/** For commands that only read, and are not printed. */
export const reading: Required<How> = {
  settings: [
    ...noPrograms,
    'log.showSignature=false',
    'submodule.recurse=false',
    'color.ui=false',
    'core.pager=cat',
  ],
  env: {
    // Its errors are recognised by their text.
    LC_ALL: 'C',
    // Reading must not write a refreshed index.
    GIT_OPTIONAL_LOCKS: '0',
    // In a partial clone git would fetch missing objects, by programs that the configuration names.
    GIT_ALLOW_PROTOCOL: 'none',
    GIT_NO_LAZY_FETCH: '1',
    // The user's settings for pathspecs must not change what ours match.
    GIT_LITERAL_PATHSPECS: '0',
    GIT_GLOB_PATHSPECS: '0',
    GIT_NOGLOB_PATHSPECS: '0',
    GIT_ICASE_PATHSPECS: '0',
    // Never wait for a password.
    GIT_TERMINAL_PROMPT: '0',
  },
};
