import { type SimpleGit, simpleGit } from 'simple-git';

/** Reads from the repository in a folder; changes go through git's command line. */
export const openGit = (folder: string): SimpleGit =>
  simpleGit({
    baseDir: folder,
    // Without this a command that prints nothing is waited for 50 ms longer than it runs.
    completion: { onClose: true, onExit: false },
    // simple-git hides git's variables from git; a dry run's objects are where this one says.
    allowEnvironment: ['GIT_ALTERNATE_OBJECT_DIRECTORIES'],
  });
