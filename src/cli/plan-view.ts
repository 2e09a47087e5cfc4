import type { DeployPlan } from '../operations/decide-deployment.js';
import type { Experiment } from '../operations/experiment.js';
import { count, table } from './table.js';
import { visibleArguments } from './text.js';

/** What a deployment is about to do, in a few lines. */
export function planView({ parameters, project }: Experiment, plan: DeployPlan, width: number): string {
  const { pin, run, skip, slots } = plan;
  const kind = pin.snapshot ? 'a snapshot of the working tree' : (project.branch ?? 'detached HEAD');
  const gpus = slots[0] === '-' ? '' : `, GPUs ${slots.join(' ')}`;
  const settings = [
    ['experiment', parameters.experimentName],
    ['commit', `${pin.commit.slice(0, 10)} (${kind}${pin.pushed ? ', pushed' : ''})`],
    ['target', `${plan.target}, ${slots.length} ${slots.length === 1 ? 'slot' : 'slots'}${gpus}`],
    ['each job', `at most ${parameters.maxHours} h`],
  ];
  const shown = run.slice(0, 10).map((condition) => [condition.id, visibleArguments(condition.options)]);
  const more = run.length - shown.length;
  return [
    ...settings.map(([name, value]) => `${name?.padEnd(12)}${value}`),
    `${'runs'.padEnd(12)}${run.length} of ${count(run.length + skip.length, 'condition')}${whySkipped(skip)}`,
    ...(shown.length > 0
      ? ['', table([{ head: 'CONDITION', atMost: 44, stays: true }, { head: 'ARGUMENTS' }], shown, width)]
      : []),
    ...(more > 0 ? [`… and ${more} more`] : []),
    '',
  ].join('\n');
}

function whySkipped(skip: DeployPlan['skip']): string {
  const counts = new Map<string, number>();
  for (const { why } of skip) counts.set(why, (counts.get(why) ?? 0) + 1);
  return counts.size === 0
    ? ''
    : `; skipped: ${[...counts].map(([why, count]) => `${count} ${why}`).join(', ')}`;
}
