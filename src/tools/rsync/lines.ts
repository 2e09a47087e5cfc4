import { type Command, command } from '../../shell/command.js';
import type { RsyncProgram } from './program.js';

/** A machine that an ssh_config names. */
export interface Elsewhere {
  readonly config: string;
  readonly machine: string;
}

/** Options of a copy: keep everything but owners, which differ between machines; keep holes; resume partial files; and
 * a timeout for the remote side, which has no other way to notice a lost connection. */
const keeping = (isPlain: boolean): readonly string[] => [
  ...['--recursive', '--links', '--perms', '--times', ...(isPlain ? [] : ['--sparse'])],
  ...['--partial-dir=.rsync-partial', '--timeout=60'],
];

/** Downloads results of jobs, or parts of them, into a folder here. Deletes nothing; rsync names missing files, and
 * copies the rest.
 * @param from the folder there.
 * @param paths below it, kept in the copy, without line breaks. They are passed as a list, because rsync takes at most
 * a thousand arguments, and Linux limits their length */
export const copyHere = (
  { config, machine }: Elsewhere,
  from: string,
  paths: readonly string[],
  into: string,
  { isPlain }: Pick<RsyncProgram, 'isPlain'>,
): Command => ({
  ...command(
    ...[
      'rsync',
      ...keeping(isPlain),
      '--relative',
      ...(isPlain ? [] : ['--protect-args', '--info=progress2']),
    ],
    ...['--files-from=-', '--rsh', remoteShell(config)],
    ...[`${machine}:${isPlain ? forShell(from) : from}/`, into],
  ),
  input: { text: paths.map((path) => `${path}\n`).join('') },
});

/** Uploads a file, or a folder (its contents, if it ends in a slash), to a path there.
 * @param list only these paths below the folder, one per line.
 * @param alike a folder there that may have the same files, which are then copied on the machine */
export const copyThere = (
  from: string,
  { config, machine }: Elsewhere,
  into: string,
  { isPlain }: Pick<RsyncProgram, 'isPlain'>,
  { list, alike = null }: { readonly list?: string; readonly alike?: string | null } = {},
): Command => ({
  ...command(
    ...['rsync', ...keeping(isPlain), ...(isPlain ? [] : ['--protect-args'])],
    ...(list === undefined ? [] : ['--files-from=-']),
    ...(alike === null || isPlain ? [] : [`--copy-dest=${alike}`]),
    ...['--rsh', remoteShell(config), from, `${machine}:${isPlain ? forShell(into) : into}`],
  ),
  ...(list !== undefined && { input: { text: list } }),
});

/** A path quoted for a remote shell, for versions of rsync that pass arguments through one. */
const forShell = (path: string): string => path.replaceAll(/[^\w@%+=:,./-]/g, (sign) => `\\${sign}`);

/** The value of rsync's -e, which rsync splits at blanks, with two kinds of quotes. */
function remoteShell(config: string): string {
  if (/^[\w@%+=:,./-]+$/.test(config)) return `ssh -F ${config}`;
  return config.includes("'") ? `ssh -F "${config.replaceAll('"', '""')}"` : `ssh -F '${config}'`;
}

/** Whether an exit code is about the connection rather than files (rsync(1), EXIT VALUES). openrsync returns 1 for a
 * lost connection, and 10 for a full disk here. */
export const isConnectionLoss = (code: number, stderr: string): boolean =>
  ([10, 12, 30, 35, 255].includes(code) || /^openrsync.*: (poll: hangup|.*Broken pipe)/m.test(stderr)) &&
  !stderr.includes('No space left on device');

/** Some files could not be copied. */
export const partial = 23;

/** Files were deleted during the copy: a running job may do that. */
export const vanished = 24;
