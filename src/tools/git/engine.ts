import { perform } from '../../shell/process.js';
import { git, reading } from './git.js';

/** Reads from one repository; changes go through git's command line. */
export interface Git {
  /** What `git ARGS` prints. Those of the same moment run side by side. @throws GitFailed */
  raw(...args: string[]): Promise<string>;
  /** The same with more settings, each `KEY=VALUE`. @throws GitFailed */
  rawWith(settings: readonly string[], ...args: string[]): Promise<string>;
}

/** A read that failed; the message is all that git said, in English. */
export class GitFailed extends Error {}

export function openGit(folder: string): Git {
  const rawWith: Git['rawWith'] = async (settings, ...args) => {
    const how = { ...reading, settings: [...reading.settings, ...settings] };
    const { code, stdout, stderr } = await perform(git(folder, args, how), {});
    if (code !== 0) throw new GitFailed(stderr.trim() || `git ${args[0]} ended with exit code ${code}`);
    return stdout;
  };
  return { rawWith, raw: (...args) => rawWith([], ...args) };
}
