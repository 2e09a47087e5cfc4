import { type Command, command } from '../../shell/command.js';
import type { Word } from '../../shell/word.js';

/** What a git command of ours has beyond its words. */
export interface How {
  /** `KEY=VALUE`, over what all configuration files say. */
  readonly settings?: readonly string[];
  readonly env?: Readonly<Record<string, Word>>;
}

/** `git -C FOLDER -c SETTING … WORDS`: every git command of ours is made here, and says itself which of the person's
 *  settings do not hold for it, so that a pasted line does the same. Where there is plumbing that reads no settings
 *  (send-pack, fetch-pack), it takes the place of what people type. */
export const git = (folder: Word, words: readonly Word[], { settings = [], env }: How = {}): Command => ({
  ...command('git', '-C', folder, ...settings.flatMap((setting) => ['-c', setting]), ...words),
  ...(env && { env }),
});

/** For whatever reads or writes an index or a ref: the programs that a repository's own configuration may name for
 *  that. A job in `run` can write that configuration, and its hooks, so none of it is ours to start. */
export const noPrograms = ['core.fsmonitor=false', 'core.hooksPath=/dev/null'] as const;

/** For what is only read, and printed nowhere. */
export const reading: Required<How> = {
  settings: [
    ...noPrograms,
    'log.showSignature=false',
    'submodule.recurse=false',
    'color.ui=false',
    'core.pager=cat',
  ],
  env: {
    // What it complains of is recognized by its words.
    LC_ALL: 'C',
    // An index that only a look refreshed is not written.
    GIT_OPTIONAL_LOCKS: '0',
    // In a partial clone git would fetch what it lacks, by programs that the configuration names.
    GIT_ALLOW_PROTOCOL: 'none',
    GIT_NO_LAZY_FETCH: '1',
    // Nothing is to wait for a password.
    GIT_TERMINAL_PROMPT: '0',
  },
};
