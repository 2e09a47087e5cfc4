import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isLeftOut } from '../support/engines.js';
import { holdingOn, letGoOn, onHosts } from '../support/hosts.js';
import { Fleet } from '../support/machines.js';
import type { Finished, StatusOutput, TestProject } from '../support/project.js';
import { proposed } from '../support/remedy.js';

/** What is said of machines that cannot run jobs. */
const refusals: Readonly<Record<string, RegExp>> = {
  down: /^down (did not answer at \S+ within 15 s|has no route from here to \S+|refuses connections)/,
  keyless: /^keyless refuses our keys for user ada\b/,
  dockerless: /^dockerless cannot run jobs as it is\. Docker: not installed\./,
  rsyncless:
    /^rsyncless cannot run jobs as it is\. rsync: not installed; GPUs: Docker has no NVIDIA runtime for /,
  stranger: /^stranger cannot run jobs as it is\. Docker: user ada may not use it\./,
  full: /^full cannot run jobs as it is\. disk: 0\.0 GB free in \/home\/ada\./,
  talker: /^talker cannot run jobs as it is\. login shell: .*"welcome to the lab"/,
};

/** What mends it, as a line for the person. */
const mends = [
  /^ +ssh-copy-id -i \S+ ada@\S+$/m,
  /^ +sudo apt-get install docker\.io +# on dockerless$/m,
  /^ +sudo apt-get install rsync +# on rsyncless$/m,
  /^ +sudo usermod --append --groups docker ada +# on stranger$/m,
  /^ +test -t 1 \|\| return .*# on talker$/m,
];

describe.skipIf(isLeftOut('docker', 'git', 'sshd', 'root'))('machines that cannot run jobs', () => {
  let fleet: Fleet;
  let project: TestProject;

  beforeAll(async () => {
    fleet = await Fleet.start({
      fish: { shell: 'fish' },
      late: {},
      down: {},
      keyless: {},
      dockerless: { without: ['docker'] },
      rsyncless: { without: ['rsync'] },
      stranger: { dockerGroup: false },
      full: { homeSize: 30 },
      talker: { banner: 'welcome to the lab' },
    });
    await fleet.get('down').stop();
    await fleet.get('keyless').exec('rm ~ada/.ssh/authorized_keys');
    fleet.get('full').fillDisk();
    const fourGpus = '#!/bin/sh\nprintf "0\\n1\\n2\\n3\\n"\n';
    await fleet.get('rsyncless').exec('cat >/usr/bin/nvidia-smi; chmod 755 /usr/bin/nvidia-smi', fourGpus);
    // The later of two `-d` counts, as it does where the runner asks for another time than now.
    await fleet
      .get('late')
      .exec(
        `mv /bin/date /bin/date.real; cat >/bin/date; chmod 755 /bin/date`,
        '#!/bin/sh\nexec /bin/date.real -d "+1 hour" "$@"\n',
      );
    project = onHosts(fleet, { parameters: { experiment_conditions: ['--lr 1', '--lr 2', '--hold a'] } });
  });
  afterAll(async () => {
    await project?.remove();
    await fleet?.remove();
  });

  const noTrace = (finished: Finished) =>
    expect(`${finished.stdout}${finished.stderr}`).not.toMatch(/^ +at .*:\d+:\d+\)?$/m);

  it('are said with what mends them, and the others get the jobs', async () => {
    const deployed = await project.cli(['deploy', '--yes'], { env: { COLUMNS: '' } });
    expect({ ...deployed }).toMatchObject({ code: 1 });
    noTrace(deployed);
    const said = [...deployed.stdout.matchAll(/^Not used: (.*)$/gm)].map(([, text]) => text);
    expect(said).toHaveLength(Object.keys(refusals).length);
    for (const refusal of Object.values(refusals))
      expect(said).toContainEqual(expect.stringMatching(refusal));

    const { conditions, ...status } = await project.json<StatusOutput & { unreachable: unknown }>(['status']);
    expect(status).toMatchObject({ unreachable: [] });
    for (const { state, machine } of conditions as unknown as { state: string; machine: string }[])
      expect({ state, machine }).toEqual({
        state: expect.stringMatching(/pending|fetching|building|running|succeeded/),
        machine: expect.stringMatching(/^(fish|late)$/),
      });
  });

  it('doctor says the same, and how to mend it', async () => {
    const looked = await project.cli(['doctor', '--hosts']);
    expect(looked.code).toBe(1);
    noTrace(looked);
    const said = `${looked.stdout}${looked.stderr}`;
    for (const mend of mends) expect(said).toMatch(mend);
  });

  it('NotReady: what is proposed is done there, and they can run jobs', async () => {
    interface Found {
      readonly what: string;
      readonly state: string;
      readonly mend: readonly string[];
    }
    const look = async (name: string) => {
      const { stdout } = await project.cli(['doctor', '--hosts', name, '--json']);
      const { findings } = JSON.parse(stdout) as { findings: Found[] };
      return findings.filter(({ what, state }) => what === name && state === 'bad');
    };
    /** As root, who needs no sudo. */
    const there: Readonly<Record<string, (line: string) => string>> = {
      stranger: (line) => line.replace(/^sudo /, ''),
      talker: (line) => `sed -i '1i ${line}' ~ada/.bashrc`,
    };
    for (const [name, asDone] of Object.entries(there)) {
      const before = await look(name);
      const suggestions = before.flatMap(({ mend }) => mend);
      const lines = proposed('NotReady', { name: 'NotReady', message: name, suggestions });
      expect(lines).toHaveLength(1);
      for (const line of lines) await fleet.get(name).exec(asDone(line.replace(/ {4}#.*/, '')));
      expect(await look(name)).toEqual([]);
    }
  });

  it('M7: GPUs that jobs would not get are in the way of jobs that use some, and of no others', async () => {
    const said = async () => (await project.cli(['doctor', '--hosts', 'rsyncless'])).stdout;
    const lack =
      'GPUs: Docker has no NVIDIA runtime for its 4 GPUs; set "gpus": "none" to run jobs there without';
    expect(await said()).toMatch(new RegExp(`^BAD +rsyncless +${lack}`, 'm'));
    const file = join(project.experiment, 'parameters.json');
    const before = readFileSync(file, 'utf8');
    writeFileSync(file, JSON.stringify({ ...JSON.parse(before), gpus: 'none' }));
    expect(await said()).toMatch(new RegExp(`^note +rsyncless +${lack}`, 'm'));
    writeFileSync(file, before);
  });

  it('one whose clock is an hour ahead runs its jobs, and no time is negative', async () => {
    const { conditions } = await project.json<StatusOutput>(['status']);
    const hold = conditions.find(({ condition }) => condition.startsWith('hold-a')) as unknown as {
      machine: string;
      condition: string;
    };
    const machine = fleet.get(hold.machine);
    const run = await holdingOn(machine, project, hold.condition);
    const table = await project.ok(['status']);
    expect(table).not.toMatch(/ -\d/);
    await letGoOn(machine, project, run);
    expect(await project.cli(['deploy', '--yes', '--wait'])).toMatchObject({ code: 0 });
    expect(new Set(project.receipts().map((receipt) => receipt.machine.name))).toEqual(
      new Set(['fish', 'late']),
    );
    expect(await project.ok(['status'])).not.toMatch(/ -\d/);
    await project.ok(['terminate', '--yes']);
  });

  it('with none other, nothing is deployed', async () => {
    const nothing = await project.cli(['deploy', '--yes', '--force', '--hosts', 'down,dockerless']);
    expect(nothing.code).toBe(1);
    noTrace(nothing);
    expect(nothing.stderr).toContain('None of the machines can run jobs now:');
    expect(nothing.stderr).toContain('logistician doctor --hosts');
  });
});
