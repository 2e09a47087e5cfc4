import { type OwnLine, ownLine, UserError } from '../errors.js';
import type { DeployPlan } from '../operations/deploy/decide.js';
import { heldPlaces, isHeld } from '../operations/look/holding.js';
import { type ExperimentStatus, judged } from '../operations/look/rows.js';

/** Why there is nothing to run, and the flag that runs it anyway. */
export function nothingToRun({ skip }: Pick<DeployPlan, 'skip'>): string {
  const reasons = new Set(skip.map(({ why }) => why));
  if (reasons.has('stopped')) return 'Nothing to run. --retry-stopped runs stopped conditions again.';
  if (reasons.has('succeeded already')) return 'Nothing to run. --force runs succeeded conditions again.';
  if (reasons.has('failed in the live deployment'))
    return 'Nothing to run. --retry-failed runs failed conditions again.';
  if (reasons.has('not failed')) return 'Nothing to run: none of them has failed.';
  if (reasons.has('not stopped')) return 'Nothing to run: none of them was stopped.';
  if (reasons.has('neither failed nor stopped'))
    return 'Nothing to run: none of them has failed or was stopped.';
  return reasons.size > 0 ? 'Nothing to run: all conditions are in the live deployment.' : 'Nothing to run.';
}

/** The flags that choose conditions and machines, for a line that continues with the same ones. */
export const chosenWords = (flags: {
  readonly target?: string | undefined;
  readonly hosts?: string | undefined;
  readonly only?: readonly string[] | undefined;
  readonly where?: readonly string[] | undefined;
  readonly first?: number | undefined;
  readonly 'max-machines'?: number | undefined;
}): string[] => [
  ...(flags.target === undefined ? [] : ['--target', flags.target]),
  ...(flags.hosts === undefined ? [] : ['--hosts', flags.hosts]),
  ...(flags.only ?? []).flatMap((id) => ['--only', id]),
  ...(flags.where ?? []).flatMap((text) => ['--where', text]),
  ...(flags.first === undefined ? [] : ['--first', String(flags.first)]),
  ...(flags['max-machines'] === undefined ? [] : ['--max-machines', String(flags['max-machines'])]),
];

export const lockIsHeld = 'Another logistician process has locked this deployment; waiting for it.';

/** The next commands for a deployment in its current state.
 * @param chosen the flags that choose conditions and machines */
export function nextLines(status: ExperimentStatus, chosen: readonly string[] = []): OwnLine[] {
  const { deployment, live } = status;
  if (!deployment) return [ownLine('status'), ownLine('deploy')];
  const states = judged(status).map(({ record }) => record?.state);
  const failed = states.some((state) => state === 'failed' || state === 'lost');
  const stopped = states.filter((state) => state === 'stopped').length;
  const waiting = heldPlaces(status).reduce((sum, held) => sum + held.waiting, 0);
  const commit = ['--commit', deployment.commit.slice(0, 10)];
  return [
    ownLine('status', live && !isHeld(status) ? ['--watch'] : []),
    ...(failed ? [ownLine('logs', ['--failed']), ownLine('deploy', ['--retry-failed', ...chosen])] : []),
    ...(waiting > 0
      ? [
          ownLine(
            'deploy',
            [...commit, ...chosen],
            `starts the ${waiting} that ${waiting === 1 ? 'waits' : 'wait'}`,
          ),
        ]
      : []),
    ...(stopped > 0 ? [retryStopped(stopped, chosen)] : []),
    ...(deployment.released ? [] : [ownLine('terminate')]),
  ];
}

const retryStopped = (stopped: number, chosen: readonly string[]): OwnLine =>
  ownLine(
    'deploy',
    ['--retry-stopped', ...chosen],
    `the ${stopped} that ${stopped === 1 ? 'was' : 'were'} stopped`,
  );

/** The next commands under the table of `status`. While jobs run, only those that end jobs in vain and that run stopped
 * conditions again. */
export const linesOfStatus = (status: ExperimentStatus): OwnLine[] => [
  ...endOfVain(status),
  ...nextLines(status).filter(({ verb, words }) =>
    status.live && !isHeld(status)
      ? words.includes('--retry-stopped')
      : status.deployment !== null && verb !== 'status',
  ),
];

/** The line that ends running jobs whose results have no place any more. */
function endOfVain({ conditions }: ExperimentStatus): OwnLine[] {
  const names = conditions.flatMap(({ condition, report }) => (report?.dataGone ? [condition] : []));
  const gone = names.length === 1 ? 'its folder in runs/ was' : 'their folders in runs/ were';
  return names.length === 0 ? [] : [ownLine('stop', names, `${gone} removed: what is written is lost`)];
}

/** The next commands after jobs were delivered. @param rejoin the words that rejoin this deployment */
export function linesAfterLaunch(
  status: ExperimentStatus,
  rejoin: readonly string[],
  chosen: readonly string[],
): OwnLine[] {
  if (!status.live || isHeld(status)) return nextLines(status, chosen);
  return [
    ownLine('status', ['--watch']),
    ownLine('logs', ['-f']),
    ownLine('deploy', ['--wait', ...rejoin, ...chosen]),
    ownLine('terminate'),
  ];
}

/** Limited, because every receipt contains it. */
const longestMessage = 1000;

/** The text of `--message`; null: none. @throws UserError if it is too long */
export function messageOf(text: string | undefined): string | null {
  const message = text?.trim() ?? '';
  if (message.length > longestMessage)
    throw new UserError(
      `A message has at most ${longestMessage} characters; this one has ${message.length}. Put longer notes into a file.`,
      [ownLine('deploy', ['--message', 'in short'])],
      { exit: 2 },
    );
  return message === '' ? null : message;
}
