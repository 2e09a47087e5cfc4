import { simpleGit } from 'simple-git';
import { ofAHook } from '../../shell/process.js';

/** Reads from one repository; changes go through git's command line. */
export interface Git {
  /** What `git ARGS` prints. Those of the same moment run side by side. @throws Error if it fails */
  raw(...args: string[]): Promise<string>;
}

export const openGit = (folder: string): Git => ({
  // simple-git puts the commands of one instance in a row.
  raw: (...args) => simpleGit({ baseDir: folder, ...options }).raw(...args),
});

const options = {
  // Nor does it need a timer at each end that keeps our own process from ending.
  completion: { onExit: false },
  // It hides git's variables from git, which our own command lines see: a safe.directory that CI sets, for one.
  get allowEnvironment() {
    return Object.keys(process.env).filter((name) => name.startsWith('GIT_') && !ofAHook.has(name));
  },
};
