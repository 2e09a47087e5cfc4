import { basename, dirname, join } from 'node:path';
import { type Command, command, pipe } from '../../shell/command.js';
import { initRepository } from '../../tools/git/lines.js';

// The archive of exported runs, a tar file:
//
//   runs/RUN/…        each run's folder: run.json, parameters.json, data/ without state/, notes
//   commits.bundle    their commits with all before them, each as refs/exported/COMMIT
//   inputs/HASH.tar   with --inputs: the contents of their inputs, by their hash
//   objects/…         with --inputs: files of git LFS that the commits name, as git LFS has them
//   export.json       what it is: see `Manifest`

/** The contents of export.json. */
export interface Manifest {
  readonly schema: 1;
  /** The version that wrote it. */
  readonly logistician: string;
  /** `experiment_name`. */
  readonly experiment: string;
  /** The experiment's folder in its project. */
  readonly path: string;
  /** URL of the project's remote `origin`; null: it had none. */
  readonly remote: string | null;
  /** Ids of the runs. */
  readonly runs: readonly string[];
  readonly commits: readonly string[];
  /** Inputs that are in it. Missing: none. */
  readonly inputs?: readonly PackedInput[];
}

export interface PackedInput {
  /** A hash of its contents, as in receipts. */
  readonly hash: string;
  /** Whether it is one file rather than a folder. */
  readonly isFile: boolean;
}

/** Files of git LFS that are here: paths below `objects` of its folder. */
export interface LargeFilesHere {
  readonly folder: string;
  readonly here: readonly string[];
}

export const names = {
  manifest: 'export.json',
  bundle: 'commits.bundle',
  runs: 'runs',
  inputs: 'inputs',
  objects: 'objects',
} as const;

/** The ref of a commit in the bundle. */
export const exportedRef = (commit: string): string => `refs/exported/${commit}`;

/** Writes a bundle of commits without touching the repository: one beside it borrows its objects.
 * @param objects the folder of the repository's objects. @param folder for our own, and the bundle */
export function bundling(objects: string, folder: string, commits: readonly string[]): Command[] {
  const git = join(folder, 'git');
  const [first = ''] = commits;
  return [
    initRepository(git, first, '--bare'),
    {
      ...command('cat'),
      input: { text: `${objects}\n` },
      output: join(git, 'objects', 'info', 'alternates'),
    },
    {
      ...command('git', '-C', git, '-c', 'core.hooksPath=/dev/null', 'update-ref', '--stdin'),
      input: { text: commits.map((commit) => `create ${exportedRef(commit)} ${commit}\n`).join('') },
    },
    command('git', '-C', git, 'bundle', 'create', '--quiet', join(folder, names.bundle), '--all'),
  ];
}

/** Writes the archive to a file, or to standard output. Its name goes to no program, since some read a host in one with a colon.
 * @param experiment the folder with runs/. @param folder with the bundle and the manifest */
export const packing = (
  experiment: string,
  folder: string,
  runs: readonly string[],
  file: string | null,
  { inputs, large }: { readonly inputs: boolean; readonly large: LargeFilesHere },
): Command => ({
  ...command(
    ...['tar', '-c', '-f', '-', ...runs.map((run) => `--exclude=${names.runs}/${run}/data/state`)],
    ...['-C', folder, names.manifest, names.bundle, ...(inputs ? [names.inputs] : [])],
    ...['-C', experiment, ...runs.map((run) => `${names.runs}/${run}`)],
    ...(large.here.length > 0 ? ['-C', large.folder, '-T', '-'] : []),
  ),
  // A command line has a limit.
  ...(large.here.length > 0 && {
    input: { text: large.here.map((object) => `${names.objects}/${object}\n`).join('') },
  }),
  ...(file !== null && { output: file }),
});

/** Writes an input to a file in `inputs/`. @param path of the folder or file */
export const packingInput = (path: string, isFile: boolean, file: string): Command => ({
  ...command('tar', '-c', '-f', '-', '-C', ...(isFile ? [dirname(path), '--', basename(path)] : [path, '.'])),
  output: file,
});

/** Takes an archive of another person apart. Files belong to the user, with no more rights than usual. */
export const unpacking = (file: string, into: string): Command =>
  pipe(
    command('cat', file),
    command('tar', '-x', '-f', '-', '-C', into, '--no-same-owner', '--no-same-permissions'),
  );

/** Fetches the commits of a bundle into a repository, checked, under refs of their own.
 * @param refs where they are put */
export const fetching = (root: string, bundle: string, refs: string): Command =>
  command(
    ...[
      'git',
      '-C',
      root,
      '-c',
      'core.hooksPath=/dev/null',
      '-c',
      'fetch.fsckObjects=true',
      '-c',
      'gc.auto=0',
    ],
    ...['-c', 'maintenance.auto=false', '-c', 'fetch.recurseSubmodules=no', '-c', 'fetch.prune=false'],
    ...['fetch', '--quiet', '--no-tags', bundle, `+refs/exported/*:${refs}/*`],
  );

/** Removes such refs. */
export const dropping = (root: string, refs: readonly string[]): Command => ({
  ...command('git', '-C', root, '-c', 'core.hooksPath=/dev/null', 'update-ref', '--stdin'),
  input: { text: refs.map((ref) => `delete ${ref}\n`).join('') },
});
