import { type Command, command } from '../../shell/command.js';

/** A machine that an ssh_config names. */
export interface Elsewhere {
  readonly config: string;
  readonly machine: string;
}

/** What a copy keeps: all but owners, which are others on each machine. What was cut off goes on where it was; the
 *  half of rsync that is there hears of a cut by its silence alone. */
const keeping = [
  ...['--recursive', '--links', '--perms', '--times'],
  ...['--partial-dir=.rsync-partial', '--timeout=60'],
];

/** Copies what jobs left, or parts of it, into a folder here. Deletes nothing; what does not exist is passed over.
 *  @param paths each with `/./` before the run's id: what comes behind it is kept */
export const copyHere = ({ config, machine }: Elsewhere, paths: readonly string[], into: string): Command =>
  command(
    ...['rsync', ...keeping, '--relative', '--protect-args', '--ignore-missing-args', '--info=progress2'],
    ...['--rsh', remoteShell(config)],
    ...paths.map((path, index) => `${index === 0 ? machine : ''}:${path}`),
    into,
  );

/** Copies a file, or a folder (its contents, with a slash behind it), from here to a path there.
 *  @param list paths below the folder that alone are wanted, one a line */
export const copyThere = (
  from: string,
  { config, machine }: Elsewhere,
  into: string,
  list?: string,
): Command => ({
  ...command(
    ...['rsync', ...keeping, '--protect-args', ...(list === undefined ? [] : ['--files-from=-'])],
    ...['--rsh', remoteShell(config), from, `${machine}:${into}`],
  ),
  ...(list !== undefined && { input: { text: list } }),
});

/** Words for rsync, which takes them apart at blanks and reads two kinds of quotes. */
function remoteShell(config: string): string {
  if (/^[\w@%+=:,./-]+$/.test(config)) return `ssh -F ${config}`;
  return config.includes("'") ? `ssh -F "${config.replaceAll('"', '""')}"` : `ssh -F '${config}'`;
}

/** Exit codes that speak of the connection rather than of files (rsync(1), EXIT VALUES). */
export const isConnectionLoss = (code: number): boolean => [10, 12, 30, 35, 255].includes(code);

/** Something could not be copied. */
export const partial = 23;

/** Files went while rsync was at it: a job at work may remove what it likes. */
export const vanished = 24;
