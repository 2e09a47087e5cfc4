import { linesForRoom, UserError } from '../errors.js';
import { isOlder } from '../shell/programs.js';
import type { Checkout } from '../tools/git/check-out.js';
import { gitDefaultHash } from '../tools/git/lines.js';
import { linesForRuntime, withoutRuntime } from './gpus.js';
import { isRefused, type Survey } from './survey.js';

/** A problem of a machine. */
export interface Lack {
  readonly what: string;
  readonly detail: string;
  /** Lines to run on the machine. */
  readonly mend: readonly string[];
  /** Jobs can run in spite of it. */
  readonly tolerable: boolean;
}

/** With less free space than this, in bytes, images may not fit. */
export const littleSpace = 5e9;
/** With less than this no job can start. */
const noSpace = 10 * 2 ** 20;

/** The oldest versions that work on machines: since then git fetches commits without files, and rsync takes names
 * literally. */
const oldestThere = [
  ['git', '2.20'],
  ['rsync', '3.0'],
] as const;

/** The oldest git that knows them. */
const oldestForSha256 = '2.29';

/** Problems of a machine, for any experiment. */
export function lacksOf(found: Survey): Lack[] {
  const lacks: Lack[] = [];
  const lack = (what: string, detail: string, mend: readonly string[], tolerable = false) =>
    lacks.push({ what, detail, mend, tolerable });
  if (found.banner !== '') {
    const line = found.banner.split('\n')[0] ?? '';
    lack(
      'login shell',
      `its start-up files print "${line}" before every command, which breaks git and rsync`,
      ['test -t 1 || return    # as the first line of ~/.bashrc; for fish: status is-interactive; or exit'],
    );
  }
  if (!found.engine) {
    if (isRefused(found))
      lack('Docker', `user ${found.user.name} may not use it`, [
        `sudo usermod --append --groups docker ${found.user.name}`,
      ]);
    else if (found.refused !== null)
      lack('Docker', `it does not answer: ${found.refused}`, ['sudo systemctl start docker']);
    else lack('Docker', 'not installed', ['sudo apt-get install docker.io']);
  }
  for (const [tool, oldest] of oldestThere) {
    const version = found.versions.get(tool);
    const mend = [`sudo apt-get install ${tool}`];
    if (!found.has.has(tool)) lack(tool, 'not installed', mend);
    else if (version !== undefined && isOlder(version, oldest))
      lack(tool, `${version} is too old: ${oldest} or later is needed`, mend);
  }
  if (!found.homeIsWritable) lack('home', `${found.home} cannot be written`, [`ls -ld ${found.home}`]);
  if (found.free !== null && found.free < littleSpace) {
    const detail = `${(found.free / 1e9).toFixed(1)} GB free in ${found.home}`;
    lack('disk', detail, linesForRoom, found.free >= noSpace);
  }
  if (found.killsProcesses)
    lack('login', 'the system kills processes of a user when the last session closes', [
      `sudo loginctl enable-linger ${found.user.name}`,
    ]);
  if (Math.abs(found.clockAhead) > 60) {
    const way = found.clockAhead > 0 ? 'ahead of' : 'behind';
    lack('clock', `${Math.abs(found.clockAhead)} s ${way} this computer's`, ['timedatectl'], true);
  }
  return lacks;
}

/** Requirements of some projects only. */
export interface SourceNeeds {
  /** The project has files in git LFS. */
  readonly largeFiles: boolean;
  /** Its ids are SHA-256. */
  readonly sha256: boolean;
}

export const needsOfSource = (source: Checkout): SourceNeeds => ({
  largeFiles: [source, ...source.submodules].some(({ lfs }) => lfs !== null),
  sha256: gitDefaultHash(source.commit) === 'sha256',
});

/** Requirements of some jobs only. */
export interface Needs extends SourceNeeds {
  readonly secrets: boolean;
  /** Jobs use GPUs if there are any. */
  readonly gpus: boolean;
}

/** Problems of a machine for jobs with these needs. */
export function lacksFor(found: Survey, { largeFiles, sha256, secrets, gpus }: Needs): Lack[] {
  const { has } = found;
  const git = found.versions.get('git');
  const lacks = gpuLacks(found).map((lack) => ({ ...lack, tolerable: lack.tolerable || !gpus }));
  if (largeFiles && !has.has('git-lfs')) {
    const mend = ['sudo apt-get install git-lfs'];
    lacks.push({ what: 'git-lfs', detail: 'not installed, and the project uses it', mend, tolerable: false });
  }
  if (sha256 && git !== undefined && isOlder(git, oldestForSha256)) {
    const detail = `${git} is too old: a project with SHA-256 ids needs ${oldestForSha256} or later`;
    lacks.push({ what: 'git', detail, mend: ['sudo apt-get install git'], tolerable: false });
  }
  if (secrets && !has.has('shm')) {
    const detail = '/dev/shm, which keeps secrets off the disk, does not exist or is not writable';
    lacks.push({ what: 'memory', detail, mend: ['ls -ld /dev/shm'], tolerable: false });
  }
  return lacks;
}

/** Problems because of which jobs would run on the CPU where GPUs are expected. */
function gpuLacks({ engine, gpusBeyond, gpuTrouble }: Survey): Lack[] {
  if (!engine) return [];
  const unless = 'set "gpus": "none" to run jobs there without GPUs';
  const lacks: Lack[] = [];
  const lack = (detail: string, mend: readonly string[], tolerable = false) =>
    lacks.push({ what: 'GPUs', detail: `${detail}; ${unless}`, mend, tolerable });
  // Without a GPU runtime, nvidia-smi may be there only as a dependency of another package.
  if (gpuTrouble !== null) lack(`nvidia-smi ${gpuTrouble}`, ['nvidia-smi'], !engine.hasNvidia);
  if (gpusBeyond > 0) lack(withoutRuntime(gpusBeyond, 'its'), linesForRuntime);
  return lacks;
}

/** A reachable machine that cannot run jobs as it is. */
export class NotReady extends UserError {
  constructor(
    readonly machine: string,
    lacks: readonly Lack[],
  ) {
    const what = lacks.map(({ what, detail }) => `${what}: ${detail}`).join('; ');
    super(
      `${machine} cannot run jobs as it is. ${what}.`,
      lacks.flatMap(({ mend }) => mend.map((line) => `${line}    # on ${machine}`)),
    );
  }
}
