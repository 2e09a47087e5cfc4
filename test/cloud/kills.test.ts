import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Cloud } from '../support/cloud/cloud.js';
import { CloudProject, type Victim } from '../support/cloud/cloud-project.js';
import { halfAnHourLater, isWorking, timersOf } from '../support/cloud/ends.js';
import { isLeftOut } from '../support/engines.js';
import { until } from '../support/until.js';

const idle = { seconds: 6, minutes: 0.1 };

/** Projects at a time, each with two machines. */
const projects = 3;
vi.setConfig({ maxConcurrency: projects });

/** A moment of a command: a line of commands.sh that is about to be performed, or a call of the API. */
type Moment = RegExp | { readonly call: string };

const verbs = {
  deploy: { words: ['deploy', '--yes'], first: false },
  wait: { words: ['deploy', '--wait', '--yes'], first: true },
  terminate: { words: ['terminate', '--yes', '--grace', '1'], first: true },
};
type Verb = keyof typeof verbs;

const init = /terraform -chdir=\S+ init/;
const apply = /terraform -chdir=\S+ apply/;
const deliver = /runner\.sh deliver /;
const arm = /try-restart/;
const destroy = /terraform -chdir=\S+ destroy/;
const ended: Moment = { call: 'TerminateInstances' };
const cleared: Moment = { call: 'DeleteSecurityGroup' };

const all: Victim = 'the CLI, Terraform and its provider';
const cli: Victim = 'the CLI';

const everyStep: [Verb, Moment][] = [
  ['deploy', init],
  ['deploy', apply],
  ['deploy', { call: 'RunInstances' }],
  ['deploy', /ssh_config$/m],
  ['deploy', /cat \S+\/runner\.sh \| ssh/],
  ['deploy', /runner\.sh repository /],
  ['deploy', /send-pack/],
  ['deploy', /sweep-\w+\.sh/],
  ['deploy', deliver],
  ['deploy', arm],
  ['wait', /rsync /],
  ['wait', apply],
  ['wait', ended],
  ['terminate', /runner\.sh stop /],
  ['terminate', /rsync /],
  ['terminate', destroy],
  ['terminate', ended],
  ['terminate', cleared],
];

const cases = everyStep.flatMap(([verb, moment]): [Verb, Moment, Victim][] => [
  [verb, moment, all],
  [verb, moment, cli],
]);

/** Moments at which no machine need exist: before there is one, or after. */
const mayHaveNone: readonly Moment[] = [init, apply, ended, cleared];

const wordsOf = (moment: Moment) => (moment instanceof RegExp ? `${moment}` : `a call of ${moment.call}`);

// At each moment a machine has been told all that it needs to end in time, and what keeps it on for its job.
describe.skipIf(isLeftOut('moto', 'terraform', 'aws', 'docker', 'sshd', 'root'))(
  'machines at AWS whose computer has died',
  () => {
    let cloud: Cloud;

    beforeAll(async () => {
      cloud = await Cloud.start({ machines: 2 * projects });
    });
    afterAll(() => cloud?.remove());

    async function withProject(work: (project: CloudProject) => Promise<void>): Promise<void> {
      const project = await CloudProject.start(cloud, {
        parameters: { experiment_conditions: ['--hold 1', '--lr 2'], idle_minutes: idle.minutes },
      });
      try {
        await work(project);
      } finally {
        const left = [...(await project.instances()).values()];
        await project.remove();
        for (const { id } of left) await cloud.ec2.call('TerminateInstances', { 'InstanceId.1': id });
      }
    }

    /** kill -9 at the moment. */
    async function strike(project: CloudProject, verb: Verb, moment: Moment, victim: Victim): Promise<void> {
      const issued = () => {
        const path = join(project.state, 'commands.sh');
        return existsSync(path) ? readFileSync(path, 'utf8') : '';
      };
      const [before, calls] = [issued().length, project.calls.length];
      const hasCome = () =>
        moment instanceof RegExp
          ? moment.test(issued().slice(before))
          : project.calls.slice(calls).some(({ action }) => action === moment.call);
      const command = project.start(verbs[verb].words);
      const last = Date.now() + 180_000;
      while (!hasCome()) {
        if (!command.isAtWork || Date.now() > last) throw new Error(`it did not come:\n${command.stderr}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      project.kill(command, victim);
      await until('Terraform has ended', () => project.terraform.length === 0);
      // What it had asked for is still done.
      await new Promise((resolve) => setTimeout(resolve, 2000));
    }

    /** The state of an instance at AWS; undefined: it was terminated. */
    const stateOf = async (project: CloudProject, condition: string) =>
      (await project.instances()).get(condition)?.state;
    const isOn = async (project: CloudProject, condition: string) =>
      /running|pending/.test((await stateOf(project, condition)) ?? '');

    /** A machine ends after its last work, in time, and not before.
     *  @param verb what was killed: a wait leaves a job that runs alone */
    async function expectEnd(
      project: CloudProject,
      condition: string,
      id: string,
      verb: Verb,
    ): Promise<void> {
      const machine = await until(`${condition} has booted`, async () => {
        const found = cloud.machine(id);
        const script =
          '[ -e /run/logistician-unused.sh ] && systemctl is-active logistician-unused.timer || :';
        const said = await found.exec(script).catch(() => '');
        // It is `inactive` while the machine still boots.
        return (said === 'active' || !(await isOn(project, condition))) && found;
      });
      const off = () => until(`${condition} is off`, async () => !(await isOn(project, condition)));
      let isHeld = verb === 'wait' && condition === 'hold-1';
      try {
        const isAtWork = await isWorking(machine, condition === 'hold-1');
        if (isHeld) expect(isAtWork).toBe(true);
        isHeld = isAtWork;
        const due = await timersOf(machine);
        expect(due.get('deadline')).toBeGreaterThan(24 * 3600);
        expect(due.get('deadline')).toBeLessThanOrEqual(25 * 3600);
        // Either starts again and again: a minute later at most.
        expect(due.get('idle') ?? due.get('unused')).toBeLessThanOrEqual(due.has('idle') ? 2 : 1800);
        await halfAnHourLater(machine);
        if (isHeld) {
          await new Promise((resolve) => setTimeout(resolve, 2000 * idle.seconds));
          expect(await stateOf(project, condition)).toBe('running');
          expect(await isWorking(machine, true)).toBe(true);
          isHeld = false;
          await machine.exec('cd /home/ubuntu/logistician/*/*-hold-1-*/data/results && touch go');
          await isWorking(machine, false);
          await halfAnHourLater(machine);
        }
      } catch (error) {
        // It ended meanwhile.
        if (isHeld || (await isOn(project, condition))) throw error;
      }
      await off();
    }

    for (const [verb, moment, victim] of cases)
      it.concurrent(`${verb}: ${victim}, at ${wordsOf(moment)}`, () =>
        withProject(async (project) => {
          if (verbs[verb].first) await project.ok(['deploy', '--yes']);
          await strike(project, verb, moment, victim);
          const there = await project.instances();
          if (!mayHaveNone.includes(moment)) expect(there.size).toBeGreaterThan(0);
          if (verb === 'wait') expect([...there.keys()]).toContain('hold-1');
          await Promise.all([...there].map(([condition, { id }]) => expectEnd(project, condition, id, verb)));
        }));
  },
);
