import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cloud } from '../support/cloud/cloud.js';
import { CloudProject } from '../support/cloud/cloud-project.js';
import type { FaultRule } from '../support/cloud/faults.js';
import { isMissing } from '../support/engines.js';

/** Each class of what AWS may answer, but for what was asked. */
const classes: Readonly<Record<string, Pick<FaultRule, 'code' | 'cut' | 'times' | 'forgets'>>> = {
  'a refusal for good': { code: 'UnauthorizedOperation' },
  'an error that passes': { code: 'InternalError', times: 2 },
  'too many requests': { code: 'RequestLimitExceeded', times: 4 },
  'a connection that is cut before anything was done': { cut: 'before', times: 1 },
  'a connection that is cut after it was done': { cut: 'after', times: 1 },
};

/** Calls while machines are created, and while they are ended. */
const phases = [
  ['ImportKeyPair', 'DeleteKeyPair'],
  ['CreateSecurityGroup', 'DeleteSecurityGroup'],
  ['AuthorizeSecurityGroupIngress', 'RevokeSecurityGroupIngress'],
  ['RunInstances', 'TerminateInstances'],
  ['DescribeInstances', 'DescribeInstances'],
] as const;

// Against the API alone: no machine answers, and none has to.
describe.skipIf(isMissing('moto', 'terraform', 'aws', 'root'))('what AWS may answer', () => {
  let cloud: Cloud;

  beforeAll(async () => {
    cloud = await Cloud.start();
  });
  afterAll(async () => {
    await cloud?.remove();
  });

  const forgotten = { forgets: true, times: 1 };
  const cases = [
    ...Object.entries(classes).flatMap(([name, how]) =>
      phases.map(([creating, ending]) => [name, creating, ending, how] as const),
    ),
    ['an answer that forgets', 'DescribeInstances', 'DescribeInstances', forgotten] as const,
  ];

  it.each(cases)(
    '%s, for %s and then %s: no machine twice, and none left',
    async (_, creating, ending, how) => {
      const project = await CloudProject.start(cloud, {
        keptProvider: true,
        parameters: { experiment_conditions: ['--lr 1'] },
      });
      try {
        const own = (call: { readonly key: string }) => call.key === project.name;
        const isFinal = how.times === undefined;
        const discard = ['terminate', '--yes', '--discard', '--grace', '0'];

        const fault = cloud.fault({ ...how, action: creating, when: own });
        const deploy = await project.deployed();
        // Without a machine it ends by itself.
        if ((await project.instances()).size > 0) deploy.signal('SIGINT');
        const { code, stdout, stderr } = await deploy.ended;
        const told = `${stdout}\n${stderr}`;
        expect(fault.hits, told).toBeGreaterThan(0);
        expect(told).not.toMatch(/\n {4}at |TypeError/);
        if (isFinal) {
          expect(code, told).toBe(1);
          expect(told).toMatch(/UnauthorizedOperation|may not/);
          expect((await project.instances()).size).toBe(0);
        } else {
          // Of what was done without an answer Terraform asks again, and is told that it exists: deploy says so.
          const isUp = (await project.instances()).size === 1;
          expect(isUp || code === 1, told).toBe(true);
        }
        cloud.endFaults();

        const again = await project.deployed();
        again.signal('SIGINT');
        const second = (await again.ended).stderr;
        expect((await project.instances()).size, second).toBe(1);
        expect(await cloud.ec2.live(), second).toHaveLength(1);

        const other = cloud.fault({ ...how, action: ending, when: own });
        const terminate = await project.cli(discard);
        const ends = `${terminate.stdout}\n${terminate.stderr}`;
        expect(other.hits, ends).toBeGreaterThan(0);
        expect(ends).not.toMatch(/\n {4}at |TypeError/);
        const left = await cloud.listAll();
        // What it says is what is.
        expect(terminate.code === 0, `${ends}\n${left.join('\n')}`).toBe(left.length === 0);
        if (!isFinal) expect(left, ends).toEqual([]);
        cloud.endFaults();
        const last = await project.cli(discard);
        expect(last.code, last.stderr).toBe(0);
        expect(await cloud.listAll(), last.stderr).toEqual([]);
      } finally {
        cloud.endFaults();
        for (const { id } of await cloud.ec2.live())
          await cloud.ec2.call('TerminateInstances', { 'InstanceId.1': id });
        await project.remove();
      }
    },
  );
});
