import type { DeployPlan } from '../operations/deploy/decide.js';
import type { Experiment } from '../operations/experiment.js';
import { count } from '../phrases.js';
import type { Offer } from '../targets/target.js';
import { filled, foldedCommand } from './fold.js';
import { sinceLines } from './since-view.js';
import { joined, type Text } from './style.js';
import { visibleLine } from './text.js';

/** Of more conditions than this, the question shows the first. It never leaves out just one. */
const most = 12;

/** The plan of a deployment, in a few lines. */
export function planView(experiment: Experiment, plan: DeployPlan, width: number): Text {
  const { parameters, project, conditions } = experiment;
  const { pin, run, skip } = plan;
  const kind = pin.snapshot ? 'a snapshot of the working tree' : (project.branch ?? 'detached HEAD');
  const settings = [
    ['experiment', parameters.experimentName],
    ['commit', `${pin.commit.slice(0, 10)} (${kind}${pin.pushed ? ', pushed' : ''})`],
    ...(plan.message === null ? [] : [['message', visibleLine(plan.message)]]),
    ['target', plan.target],
    ...machines(plan).map((text, index) => [index === 0 ? 'machines' : '', text]),
    ['each job', `at most ${parameters.maxHours} h`],
  ];
  const shown = run.length > most ? run.slice(0, most - 2) : run;
  const more = run.length - shown.length;
  const lines: Text[] = [
    ...settings.map(([name, value]) => `${name?.padEnd(12)}${value}`),
    `${'runs'.padEnd(12)}${run.length} of ${count(conditions.length, 'condition')}${whySkipped(skip)}`,
    ...sinceLines(plan.since, experiment, width),
    ...(plan.continuing > 0 ? [filled(`${'state'.padEnd(12)}${stateOf(plan)}`, width)] : []),
    ...(shown.length > 0 ? [''] : []),
    ...shown.map(({ options }) => foldedCommand(`  ${options || '(no arguments)'}`, width)),
    ...(more > 0 ? [`  … and ${more} more`] : []),
    ...goesOn(plan).map((line) => filled(line, width)),
    ...plan.survey.problems.map(({ problem }) => filled(`Not used: ${problem.message}`, width)),
    ...(plan.survey.notes ?? []).map((note) => filled(note, width)),
    ...plan.moves.map(
      ({ job, to }) => `moves ${job.condition} from ${job.place} (unreachable) to ${to.place.name}`,
    ),
    '',
  ];
  return joined(lines, '\n');
}

function goesOn({ resumes, limits }: DeployPlan): string[] {
  const limit =
    limits.max_failures === undefined ? '' : `, until ${count(limits.max_failures, 'job')} have failed`;
  return resumes.size === 0 ? [] : [`Starts waiting jobs again on ${[...resumes].join(', ')}${limit}`];
}

const stateOf = ({ continuing, run }: DeployPlan): string =>
  `${continuing === run.length ? 'all' : continuing} continue from /data/state of their last attempt (--fresh-state: from none)`;

/** A line per machine, or one line for all that are alike. */
function machines({ offers, assigned, maxMachines }: DeployPlan): string[] {
  const kinds = new Map<string, number>();
  for (const { text } of offers) if (text !== null) kinds.set(text, (kinds.get(text) ?? 0) + 1);
  const named = offers.filter(({ text }) => text === null);
  const shown = named.slice(0, 20).map((offer) => lineOf(offer, assigned, named.length === 1));
  const isMore = maxMachines !== null && offers.length > maxMachines;
  return [
    ...[...kinds].map(([text, many]) => `${many} × ${text}`),
    ...(isMore ? [`at most ${maxMachines} at a time; the other conditions wait for them`] : []),
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
    : `; skipped: ${[...counts].map(([why, count]) => `${count} ${why}${wayOut(why)}`).join(', ')}`;
}

const wayOut = (why: string): string => (why === 'stopped' ? ' (--retry-stopped runs them again)' : '');
