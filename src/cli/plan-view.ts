import type { DeployPlan } from '../operations/decide-deployment.js';
import type { Experiment } from '../operations/experiment.js';
import type { CloudMachine } from '../runs/deployment.js';
import type { FoundMachine } from '../targets/target.js';
import { joined, type Text } from './style.js';
import { count, table } from './table.js';

/** What a deployment is about to do, in a few lines. */
export function planView({ parameters, project }: Experiment, plan: DeployPlan, width: number): Text {
  const { pin, run, skip } = plan;
  const kind = pin.snapshot ? 'a snapshot of the working tree' : (project.branch ?? 'detached HEAD');
  const settings = [
    ['experiment', parameters.experimentName],
    ['commit', `${pin.commit.slice(0, 10)} (${kind}${pin.pushed ? ', pushed' : ''})`],
    ['target', plan.target],
    ...machines(plan).map((text, place) => [place === 0 ? 'machines' : '', text]),
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
      ({ job, to }) => `${job.condition} waits on ${job.machine}, which is silent: to ${to.deployed.name}`,
    ),
    '',
  ];
  return joined(lines, '\n');
}

/** `gpu1: 2 slots, GPUs device=0 device=1; 3 conditions`, a line a machine. */
function machines({ found, places }: DeployPlan): string[] {
  const [rented] = found;
  if (rented?.deployed.cloud) return [rentedMachines(found.length, rented.deployed.cloud, rented)];
  const shown = found.slice(0, 20).map(({ deployed: { name, slots } }) => {
    const own = places.filter(({ deployed }) => deployed.name === name).length;
    const gpus = slots[0] === '-' ? '' : `, GPUs ${slots.join(' ')}`;
    return `${name}, ${count(slots.length, 'slot')}${gpus}${found.length === 1 ? '' : `, ${count(own, 'condition')}`}`;
  });
  return found.length > shown.length ? [...shown, `… and ${found.length - shown.length} more`] : shown;
}

/** `3 × t3.small (2 CPUs, 2.0 GiB), on demand, in us-east-1, ami-0123; each ends after 25 h`. */
function rentedMachines(
  many: number,
  { instance_type, spot, region, ami, deadline, idle_minutes }: CloudMachine,
  { facts }: FoundMachine,
): string {
  const { cpus, memory } = facts.engine;
  const gpus = facts.gpus.length > 0 ? `, ${count(facts.gpus.length, 'GPU')}` : '';
  const price = spot?.max_price ? ` at up to $${spot.max_price} an hour` : '';
  const market = spot ? `spot${price}, lost with all that is not home when AWS wants it back` : 'on demand';
  const hours = `${(deadline / 3600).toFixed(1)} h after its start`;
  const end = spot
    ? `each ends ${hours}, with what is not home by then`
    : `each stops, its disk kept, after ${idle_minutes} min without work, or ${hours}`;
  return `${many} × ${instance_type} (${count(cpus, 'CPU')}, ${(memory / 2 ** 30).toFixed(1)} GiB${gpus}), ${market}, in ${region}, ${ami}; ${end}`;
}

function whySkipped(skip: DeployPlan['skip']): string {
  const counts = new Map<string, number>();
  for (const { why } of skip) counts.set(why, (counts.get(why) ?? 0) + 1);
  return counts.size === 0
    ? ''
    : `; skipped: ${[...counts].map(([why, count]) => `${count} ${why}`).join(', ')}`;
}
