import { UserError } from '../errors.js';
import { command } from '../shell/command.js';
import type { EngineFacts } from '../tools/docker/engine.js';
import { Unreachable } from '../tools/ssh/unreachable.js';
import type { Connection } from './connection.js';
import type { User } from './user.js';

/** What templates/machine/survey.sh finds on a machine. */
export interface Survey {
  /** What the login shell prints to everybody who runs a command: git and rsync take it for each other's answer. */
  readonly banner: string;
  /** The user's home folder. */
  readonly home: string;
  readonly homeIsWritable: boolean;
  readonly user: User;
  /** How far its clock is ahead of ours, in seconds. */
  readonly clockAhead: number;
  readonly has: ReadonlySet<string>;
  /** null: there is none that the user may use. */
  readonly engine: EngineFacts | null;
  /** What Docker said instead. */
  readonly refused: string | null;
  readonly gpus: readonly string[];
  /** Bytes that the user may still write; null: not known. */
  readonly free: number | null;
  /** The system ends a user's processes when the user has left. */
  readonly killsProcesses: boolean;
}

/** Asks a machine what it has. @param script survey.sh. @param docker words of its docker program.
 *  @throws Unreachable, and UserError if it has no POSIX shell */
export async function survey(
  connection: Connection,
  script: string,
  docker: readonly string[],
  now: () => Date,
): Promise<Survey> {
  const outcome = await connection.query({
    ...command('sh', '-s', '--', ...docker),
    input: { text: script },
  });
  const found = parseSurvey(outcome.stdout, now());
  if (!found) {
    const said = (outcome.stderr || outcome.stdout).trim().split('\n').at(-1);
    throw new Unreachable(connection.name, `runs no commands for us${said ? `: ${said}` : ''}`);
  }
  return found;
}

/** null: that is no survey, or only a part of one. */
export function parseSurvey(text: string, now: Date): Survey | null {
  const begin = /^logistician survey$/m.exec(text);
  if (!begin || !/^end survey$/m.test(text)) return null;
  const lines = text.slice(begin.index).split('\n');
  const all = (kind: string) =>
    lines.filter((line) => line.startsWith(`${kind} `)).map((line) => line.slice(kind.length + 1));
  const one = (kind: string) => all(kind)[0] ?? '';
  const [id = '0', group = '0', ...name] = one('user').split(' ');
  const free = one('free');
  return {
    banner: text.slice(0, begin.index).trim(),
    home: one('home'),
    homeIsWritable: all('readonly').length === 0,
    user: { id: Number(id), group: Number(group), name: name.join(' ') || id },
    clockAhead: Number(one('clock')) - Math.floor(now.getTime() / 1000),
    has: new Set(all('has')),
    engine: engineOf(one('engine')),
    refused: all('refused')[0] ?? null,
    gpus: one('gpus').split(' ').filter(Boolean),
    free: free === '' ? null : Number(free) * 1024,
    killsProcesses: all('kills').length > 0,
  };
}

function engineOf(text: string): EngineFacts | null {
  const [version, cpus, memory, architecture, runtimes = ''] = text.split('|');
  if (!version) return null;
  return {
    version,
    cpus: Number(cpus),
    memory: Number(memory),
    architecture: architecture ?? '',
    hasNvidia: runtimes.split(' ').includes('nvidia'),
  };
}

/** Something that a machine lacks. */
export interface Lack {
  readonly what: string;
  readonly detail: string;
  /** Lines to be run on the machine. */
  readonly mend: readonly string[];
  /** Jobs run all the same. */
  readonly bearable: boolean;
}

/** Less than this, in bytes, and images will not fit. */
export const littleSpace = 5e9;
/** With less than this nothing can begin. */
const noSpace = 10 * 2 ** 20;

/** What is wrong with a machine, for any experiment. */
export function lacksOf(found: Survey): Lack[] {
  const lacks: Lack[] = [];
  const lack = (what: string, detail: string, mend: readonly string[], bearable = false) =>
    lacks.push({ what, detail, mend, bearable });
  if (found.banner !== '') {
    const line = found.banner.split('\n')[0] ?? '';
    lack(
      'login shell',
      `its start-up files print "${line}" before every command, which git and rsync cannot bear`,
      ['test -t 1 || return    # as the first line of ~/.bashrc; for fish: status is-interactive; or exit'],
    );
  }
  if (!found.engine) {
    if (/permission denied/i.test(found.refused ?? ''))
      lack('Docker', `user ${found.user.name} may not use it`, [
        `sudo usermod --append --groups docker ${found.user.name}`,
      ]);
    else if (found.refused !== null)
      lack('Docker', `it does not answer: ${found.refused}`, ['sudo systemctl start docker']);
    else lack('Docker', 'not installed', ['sudo apt-get install docker.io']);
  }
  for (const tool of ['git', 'rsync'])
    if (!found.has.has(tool)) lack(tool, 'not installed', [`sudo apt-get install ${tool}`]);
  if (!found.homeIsWritable) lack('home', `${found.home} cannot be written`, [`ls -ld ${found.home}`]);
  if (/[:\n]/.test(found.home)) lack('home', `Docker cannot mount ${found.home}: there is a colon in it`, []);
  if (found.free !== null && found.free < littleSpace) {
    const detail = `${(found.free / 1e9).toFixed(1)} GB free in ${found.home}`;
    lack('disk', detail, ['df -h', 'docker system prune'], found.free >= noSpace);
  }
  if (found.killsProcesses)
    lack('login', 'the system ends what a user has started when the last session closes', [
      `sudo loginctl enable-linger ${found.user.name}`,
    ]);
  if (Math.abs(found.clockAhead) > 60) {
    const way = found.clockAhead > 0 ? 'ahead of' : 'behind';
    lack('clock', `${Math.abs(found.clockAhead)} s ${way} this computer's`, ['timedatectl'], true);
  }
  return lacks;
}

/** What not every job needs. */
export interface Needs {
  /** The project has files in git LFS. */
  readonly largeFiles: boolean;
  readonly secrets: boolean;
}

/** What is wrong with it for jobs that need that. */
export function lacksFor({ has }: Survey, { largeFiles, secrets }: Needs): Lack[] {
  const lacks: Lack[] = [];
  if (largeFiles && !has.has('git-lfs')) {
    const mend = ['sudo apt-get install git-lfs'];
    lacks.push({ what: 'git-lfs', detail: 'not installed, and the project uses it', mend, bearable: false });
  }
  if (secrets && !has.has('shm')) {
    const detail = '/dev/shm, where secrets are kept from the disk, is not there or cannot be written';
    lacks.push({ what: 'memory', detail, mend: ['ls -ld /dev/shm'], bearable: false });
  }
  return lacks;
}

/** A machine that answers and cannot run jobs as it is. */
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
