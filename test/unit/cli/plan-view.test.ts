import { describe, expect, it } from 'vitest';
import { planView } from '../../../src/cli/plan-view.js';
import { present } from '../../../src/cli/style.js';
import { UserError } from '../../../src/errors.js';
import { conditionFromText } from '../../../src/experiment/condition.js';
import type { DeployPlan } from '../../../src/operations/deploy/decide.js';
import type { Experiment } from '../../../src/operations/experiment.js';
import { jobOf, offerOf } from '../../support/deployments.js';

const experiment = {
  parameters: { experimentName: 'e1', maxHours: 24 },
  project: { branch: 'main' },
  conditions: Array.from({ length: 4 }),
} as unknown as Experiment;

const conditions = (count: number) =>
  Array.from({ length: count }, (_, index) => conditionFromText(`--lr ${index}`));

function view(changes: Partial<DeployPlan>): string[] {
  const plan = {
    pin: { commit: 'c'.repeat(40), snapshot: false, pushed: false },
    target: 'hosts',
    ...{ run: [], skip: [], offers: [], assigned: [], moves: [], since: [], message: null },
    ...{ resumes: new Set(), limits: {}, after: new Map(), survey: { problems: [] } },
    ...changes,
  } as unknown as DeployPlan;
  return present(planView(experiment, plan, 100), false).split('\n');
}

describe('planView', () => {
  it('says what, from where and on what', () => {
    const [gpu1, gpu2] = [offerOf('gpu1', 2), offerOf('gpu2', 1)];
    const run = conditions(3);
    const skip = [{ condition: conditionFromText('x'), why: 'succeeded already' as const }];
    const lines = view({ offers: [gpu1, gpu2], assigned: [gpu1, gpu2, gpu1], run, skip });
    expect(lines.slice(0, 7)).toEqual([
      'experiment  e1',
      'commit      cccccccccc (main)',
      'target      hosts',
      'machines    gpu1, 2 slots, 2 conditions',
      '            gpu2, 1 slot, 1 condition',
      'each job    at most 24 h',
      'runs        3 of 4 conditions; skipped: 1 succeeded already',
    ]);
    expect(lines.filter((line) => line.includes('--lr'))).toHaveLength(3);
  });

  it('says why, on one line', () => {
    expect(view({ message: 'a baseline\nfor the paper\u001b[1m' })[2]).toBe(
      'message     a baseline\\nfor the paper\\u001b[1m',
    );
  });

  it('tells the one machine without a count of conditions, with its GPUs', () => {
    const offer = offerOf('laptop', 2);
    const gpus = { ...offer, place: { ...offer.place, slots: ['device=0', 'device=1'] } };
    expect(view({ offers: [gpus], assigned: [gpus], run: conditions(1) })).toContain(
      'machines    laptop, 2 slots, GPUs device=0 device=1',
    );
  });

  it('tells places in their target’s words, a line a kind, and schedulers without slots', () => {
    const offers = ['m1', 'm2'].map((name) => ({
      ...offerOf(name, 1, name),
      text: 'p3.2xlarge in eu-west-1',
    }));
    expect(view({ offers })).toContain('machines    2 × p3.2xlarge in eu-west-1');
    expect(view({ offers: [offerOf('queue', null)] })).toContain('machines    queue');
  });

  it('counts what it has no room for', () => {
    const offers = Array.from({ length: 23 }, (_, index) => offerOf(`gpu${index}`));
    const lines = view({ offers, run: conditions(13) });
    expect(lines).toContain('            … and 3 more');
    expect(lines).toContain('  … and 3 more');
  });

  it('N3: shows the arguments whole, and never leaves out one alone', () => {
    const long = conditionFromText(`--text '${'word '.repeat(40)}' --seed 1`);
    const lines = view({ run: [long, ...conditions(11)] });
    expect(lines.join(' ')).not.toContain('…');
    expect(lines).toContain('  --lr 10');
    const text = lines.join('\n').replaceAll(/ \\\n +/g, ' ');
    expect(text).toContain(long.options);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(230);
    expect(lines.join('\n')).not.toContain(long.id);
  });

  it('tells of places that are no help, and of jobs that get another place', () => {
    const problems = [{ place: 'gpu9', problem: new UserError('gpu9 has no Docker.') }];
    const moves = [{ job: jobOf('a', 'gpu1'), to: offerOf('gpu2') }];
    const lines = view({ survey: { problems } as unknown as DeployPlan['survey'], moves });
    expect(lines).toContain('Not used: gpu9 has no Docker.');
    expect(lines).toContain('moves a from gpu1 (unreachable) to gpu2');
    const resumes = new Set(['gpu1', 'gpu2']);
    expect(view({ resumes })).toContain('Starts waiting jobs again on gpu1, gpu2');
    expect(view({ resumes, limits: { max_failures: 2 } })).toContain(
      'Starts waiting jobs again on gpu1, gpu2, until 2 jobs have failed',
    );
  });

  it('says what kind of commit it is', () => {
    const pin = { commit: 'c'.repeat(40), tree: '', snapshot: true, pushed: true, leftOut: [] };
    expect(view({ pin })[1]).toBe('commit      cccccccccc (a snapshot of the working tree, pushed)');
  });
});
