import type { DeployPlan } from '../operations/deploy/decide.js';
import type { Experiment } from '../operations/experiment.js';
import { count } from '../phrases.js';
import type { Offer } from '../targets/target.js';
import { joined, type Text } from './style.js';
import { table } from './table.js';

/** What a deployment is about to do, in a few lines. */
export function planView({ parameters, project }: Experiment, plan: DeployPlan, width: number): Text {
  const { pin, run, skip } = plan;
  const kind = pin.snapshot ? 'a snapshot of the working tree' : (project.branch ?? 'detached HEAD');
  const settings = [
    ['experiment', parameters.experimentName],
    ['commit', `${pin.commit.slice(0, 10)} (${kind}${pin.pushed ? ', pushed' : ''})`],
    ['target', plan.target],
    ...machines(plan).map((text, index) => [index === 0 ? 'machines' : '', text]),
    ['each job', `at most ${parameters.maxHours} h`],
  ];
  const shown = run.slice(0, 10).map((condition) => [condition.id, condition.options]);
  const more = run.length - shown.length;
  const lines: Text[] = [
    ...settings.map(([name, value]) => `${name?.padEnd(12)}${value}`),
    `${'runs'.padEnd(12)}${run.length} of ${count(run.length + skip.length, 'condition')}${whySkipped(skip)}`,
    ...(shown.length > 0
      ? ['', table([{ head: 'CONDITION', atMost: 44, stays: true }, { head: 'ARGUMENTS' }], shown, width)]
      : []),
    ...(more > 0 ? [`… and ${more} more`] : []),
    ...plan.problems.map(({ problem }) => `Not used: ${problem.message}`),
    ...plan.moves.map(
      ({ job, to }) => `moves ${job.condition} from ${job.place} (unreachable) to ${to.place.name}`,
    ),
    '',
  ];
  return joined(lines, '\n');
}

/** A line a machine, or a line for all that are of one kind. */
function machines({ offers, assigned }: DeployPlan): string[] {
  const kinds = new Map<string, number>();
  for (const { text } of offers) if (text !== null) kinds.set(text, (kinds.get(text) ?? 0) + 1);
  const named = offers.filter(({ text }) => text === null);
  const shown = named.slice(0, 20).map((offer) => lineOf(offer, assigned, named.length === 1));
  return [
    ...[...kinds].map(([text, many]) => `${many} × ${text}`),
    ...shown,
    ...(named.length > shown.length ? [`… and ${named.length - shown.length} more`] : []),
  ];
}

/** `gpu1, 2 slots, GPUs device=0 device=1, 3 conditions`. */
function lineOf({ place: { name, slots } }: Offer, assigned: readonly Offer[], isOnly: boolean): string {
  const own = assigned.filter(({ place }) => place.name === name).length;
  const gpus = !slots || slots[0] === '-' ? '' : `, GPUs ${slots.join(' ')}`;
  const room = slots ? `, ${count(slots.length, 'slot')}` : '';
  return `${name}${room}${gpus}${isOnly ? '' : `, ${count(own, 'condition')}`}`;
}

function whySkipped(skip: DeployPlan['skip']): string {
  const counts = new Map<string, number>();
  for (const { why } of skip) counts.set(why, (counts.get(why) ?? 0) + 1);
  return counts.size === 0
    ? ''
    : `; skipped: ${[...counts].map(([why, count]) => `${count} ${why}`).join(', ')}`;
}
