import { command } from '../shell/command.js';
import { type EngineFacts, engineUsersOf } from '../tools/docker/engine.js';
import { Unreachable } from '../tools/ssh/unreachable.js';
import type { Connection } from './connection.js';
import type { User } from './user.js';

/** The facts that templates/machine/survey.sh finds on a machine. */
export interface Survey {
  /** Text that the login shell prints before every command: it breaks the protocols of git and rsync. */
  readonly banner: string;
  /** The user's home folder. */
  readonly home: string;
  readonly homeIsWritable: boolean;
  readonly user: User;
  /** How far its clock is ahead of ours, in seconds. */
  readonly clockAhead: number;
  readonly has: ReadonlySet<string>;
  /** Versions of programs, by name; unknown ones are left out. */
  readonly versions: ReadonlyMap<string, string>;
  /** null: none that the user may use. */
  readonly engine: EngineFacts | null;
  /** Docker's error instead. */
  readonly refused: string | null;
  /** Ids of the GPUs that Docker can use. */
  readonly gpus: readonly string[];
  /** The number of GPUs that it cannot use for lack of a runtime. */
  readonly gpusBeyond: number;
  /** The problem with the GPUs, to follow the word `nvidia-smi`; null: none. */
  readonly gpuTrouble: string | null;
  /** Free disk space for the user, in bytes; null: unknown. */
  readonly free: number | null;
  /** The system kills a user's processes after logout. */
  readonly killsProcesses: boolean;
}

/** Surveys a machine.
 * @param script survey.sh.
 * @param docker words of its docker command. @throws Unreachable, and UserError if it has no POSIX shell */
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
  // After the user was added to group docker, the next survey needs a new connection.
  if (isRefused(found)) await connection.renew();
  return found;
}

/** Whether there is an engine that only other users may use. */
export const isRefused = ({ engine, refused }: Survey): boolean =>
  engine === null && /permission denied/i.test(refused ?? '');

/** null: not a survey, or an incomplete one. */
export function parseSurvey(text: string, now: Date): Survey | null {
  const begin = /^logistician survey$/m.exec(text);
  if (!begin || !/^end survey$/m.test(text)) return null;
  const lines = text.slice(begin.index).split('\n');
  const all = (kind: string) =>
    lines.filter((line) => line.startsWith(`${kind} `)).map((line) => line.slice(kind.length + 1));
  const one = (kind: string) => all(kind)[0] ?? '';
  const [id = '0', group = '0', ...name] = one('user').split(' ');
  const free = one('free');
  const engine = engineOf(one('engine'));
  const gpus = one('gpus').split(' ').filter(Boolean);
  return {
    banner: text.slice(0, begin.index).trim(),
    home: one('home'),
    homeIsWritable: all('readonly').length === 0,
    user: {
      id: Number(id),
      group: Number(group),
      name: name.join(' ') || id,
      groups: one('groups').split(' ').filter(Boolean).map(Number),
    },
    clockAhead: Number(one('clock')) - Math.floor(now.getTime() / 1000),
    has: new Set(all('has')),
    versions: new Map(all('version').flatMap(versionOf)),
    engine,
    refused: all('refused')[0] ?? null,
    gpus: engine?.hasNvidia ? gpus : [],
    gpusBeyond: engine?.hasNvidia ? 0 : gpus.length,
    gpuTrouble: all('gpu-trouble')[0]?.slice(0, 300) ?? null,
    free: free === '' ? null : Number(free) * 1024,
    killsProcesses: all('kills').length > 0,
  };
}

/** @param line the program's name, and its version output */
function versionOf(line: string): [string, string][] {
  const [, name, version] = /^(\S+) .*?\b(\d+(?:\.\d+)+)/.exec(line) ?? [];
  return name && version ? [[name, version.slice(0, 20)]] : [];
}

function engineOf(text: string): EngineFacts | null {
  const [version, cpus, memory, architecture, runtimes = '', security = ''] = text.split('|');
  if (!version) return null;
  return {
    version,
    cpus: Number(cpus),
    memory: Number(memory),
    architecture: architecture ?? '',
    hasNvidia: runtimes.split(' ').includes('nvidia'),
    users: engineUsersOf(security.split(' ')),
  };
}
