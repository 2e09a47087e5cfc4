import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ownLine } from '../../../errors.js';
import { type Lack, lacksFor, lacksOf, type Needs, NotReady } from '../../../machines/lacks.js';
import { type Survey, survey } from '../../../machines/survey.js';
import { count } from '../../../phrases.js';
import { command } from '../../../shell/command.js';
import { pasteable } from '../../../shell/word.js';
import { programWordsOf } from '../../../tools/docker/lines.js';
import { SshPool } from '../../../tools/ssh/pool.js';
import type { Route } from '../../../tools/ssh/route.js';
import { ChangedHostKey, KeysRefused, Unreachable } from '../../../tools/ssh/unreachable.js';
import type { TargetContext } from '../../context.js';
import type { SshAccess } from '../../over-ssh/access.js';

/** Timeouts of a machine, in milliseconds: until it is reachable, and until it can run jobs. */
const usual = { toAnswer: 300_000, toBeReady: 900_000 };

/** Whole computers, and those with eight GPUs, start slowly. */
export const patienceWith = (instanceType: string): typeof usual =>
  /\.metal|^p\d/.test(instanceType) ? { toAnswer: 1_200_000, toBeReady: 1_800_000 } : usual;
const pause = 500;

/** cloud-init writes it after it has finished the user data. */
const bootFinished = '/var/lib/cloud/instance/boot-finished';

/** A machine that has just been started. */
export interface BootingMachine {
  readonly name: string;
  readonly route: Route;
  /** The docker command on it. */
  readonly docker: string;
  /** It is reached at its private address. */
  readonly isPrivate: boolean;
  /** How many GPUs its job gets. */
  readonly gpus: number;
}

/** Waits until a machine that has just been started can run jobs. Each poll uses a new connection: a user added to
 * group docker is in it from the next session on. @throws ChangedHostKey at once; Unreachable or NotReady after a
 * timeout */
export async function untilReady(
  context: Pick<TargetContext, 'templates' | 'deployments' | 'now'>,
  access: Pick<SshAccess, 'connect'>,
  machine: BootingMachine,
  sshCidr: string,
  needs: Needs,
  { toAnswer, toBeReady } = usual,
): Promise<Survey> {
  const { name } = machine;
  const script = readFileSync(context.templates.survey, 'utf8');
  let answered = false;
  // A connection keeps the groups it had when it was made: only one made after the boot has finished has all of them.
  let wasFinished = false;
  for (const began = Date.now(); ; ) {
    const pool = new SshPool();
    try {
      const connection = access.connect(name, machine.route, { pool });
      const isFinished = (await connection.query(command('test', '-e', bootFinished))).code === 0;
      answered = true;
      const found = await survey(connection, script, programWordsOf(machine.docker), context.now);
      const lacks = [...lacksOf(found), ...lacksFor(found, needs), ...tooFewGpus(found, machine.gpus)].filter(
        ({ tolerable }) => !tolerable,
      );
      if (lacks.length === 0) {
        // A user who mended something there may have one from before.
        await connection.renew();
        return found;
      }
      if (wasFinished || Date.now() - began > toBeReady) throw new NotReady(name, lacks);
      wasFinished = isFinished;
    } catch (error) {
      if (error instanceof ChangedHostKey || !(error instanceof Unreachable))
        throw withLog(context, name, error);
      if (!answered && Date.now() - began > toAnswer) throw notAnswering(machine, error, sshCidr, toAnswer);
      if (Date.now() - began > toBeReady) throw error;
    } finally {
      pool.close();
    }
    await sleep(pause);
  }
}

/** A driver that is broken, or not up yet: a job would fail at once, and the next machine's as well. */
const tooFewGpus = ({ engine, gpus, gpuTrouble }: Survey, wanted: number): Lack[] =>
  engine === null || gpuTrouble !== null || gpus.length >= wanted
    ? []
    : [
        {
          what: 'GPUs',
          detail: `Docker can use ${gpus.length} of the ${count(wanted, 'GPU')} that its job gets`,
          mend: ['nvidia-smi'],
          tolerable: false,
        },
      ];

/** Adds the command that shows why the user data failed. */
function withLog({ deployments }: Pick<TargetContext, 'deployments'>, name: string, error: unknown): unknown {
  if (!(error instanceof NotReady)) return error;
  const look = pasteable`ssh -F ${deployments.sshConfig} ${name} -- sudo tail -n 40 /var/log/cloud-init-output.log`;
  return Object.assign(error, { suggestions: [look, ownLine('deploy', [], 'once it is fixed')] });
}

function notAnswering(
  { name, route, isPrivate }: BootingMachine,
  error: Unreachable,
  sshCidr: string,
  waited: number,
): Unreachable {
  const { why } = error;
  if (error instanceof KeysRefused)
    return new KeysRefused(name, why, [
      '"aws_ami_user": "ec2-user"    # in parameters.json, if that is the login user of this image',
      ownLine('terminate', ['--discard'], 'then deploy again'),
    ]);
  return new Unreachable(
    name,
    `is running, but unreachable at ${route.host} for ${waited / 1000} s (${why.replace(/\.$/, '')}). Its security group allows SSH from ${sshCidr}. Possible causes: a subnet without internet access, a firewall on your side, or another IP address of yours`,
    [
      ...(isPrivate ? [] : ['curl https://checkip.amazonaws.com    # your public IP address']),
      '"aws_ssh_cidr": "203.0.113.0/24"    # in parameters.json; then: logistician deploy',
    ],
  );
}
