import { UserError } from '../errors.js';
import { installLines } from '../shell/programs.js';
import { pasteable } from '../shell/word.js';

/** Large files of a repository cannot be read without the program for them. */
export class NoGitLfs extends UserError {
  constructor(repository: string) {
    super(`${repository} has files in git LFS, and git-lfs is not installed, or not on the PATH.`, [
      ...installLines('git-lfs'),
      pasteable`git -C ${repository} lfs pull`,
    ]);
  }
}

/** Whether git has failed because its settings name a program that is not installed. */
export const isOfMissingLfs = (error: unknown): boolean =>
  error instanceof Error && /\bgit-lfs\b.*\bnot found\b/.test(error.message);
