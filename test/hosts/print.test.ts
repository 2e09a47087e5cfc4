import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isLeftOut, variants } from '../support/engines.js';
import { endedThere, footprint, jobsOn, onHosts, well } from '../support/hosts.js';
import { Fleet } from '../support/machines.js';
import { inAnyOrder, printed } from '../support/printed.js';
import type { TestProject } from '../support/project.js';

describe.skipIf(isLeftOut('docker', 'git', 'sshd', 'root'))(
  'what is printed of machines is the truth',
  () => {
    let fleet: Fleet;
    let project: TestProject;
    const secret = `it's a "secret" $(id)`;
    const env = { TOKEN: secret };

    beforeAll(async () => {
      fleet = await Fleet.start({ one: {}, two: { shell: 'fish' } });
      // The folders that fish makes for the first user.
      await fleet.get('two').exec('runuser -l ada -c true');
    });
    afterAll(() => fleet?.remove());

    const issued = () => readFileSync(join(project.experiment, '.logistician', 'commands.sh'), 'utf8');

    describe.each(variants('ssh', 'build'))('where images go by %s', (transport) => {
      beforeAll(() => {
        project = onHosts(fleet, {
          files: { 'job.sh': 'echo "$*"; printf %s "$TOKEN" | sha256sum; cat /data/input/numbers/*\n' },
          parameters: {
            hosts: ['one', 'two'].map((address) => ({ address, slots: 1 })),
            experiment_conditions: ['--lr 1', ['--name', `it's "quoted" $HOME`, '']],
            secrets: ['TOKEN'],
            inputs: { numbers: '../../../my numbers' },
            docker_image_transport: transport,
          },
        });
        mkdirSync(join(project.scratch, 'my numbers'));
        writeFileSync(join(project.scratch, 'my numbers', 'digits'), '0123456789\n');
      });
      afterAll(() => project.remove());

      it('a dry run, pasted into sh from /, is a deployment by hand; it changed nothing itself', async () => {
        const before = await Promise.all(fleet.machines.map(footprint));
        const { code, stderr } = await project.cli(['deploy', '--dry-run'], { env });
        expect({ code, stderr }).toMatchObject({ code: 0 });
        expect(project.repository.git('status', '--porcelain', '--ignored')).toBe('');
        expect(existsSync(join(project.experiment, '.logistician'))).toBe(false);
        expect(await Promise.all(fleet.machines.map(footprint))).toEqual(before);
        expect(stderr).not.toContain('id)');

        const lines = printed(stderr);
        execFileSync('sh', ['-ec', lines], { cwd: '/', env: { ...project.env, ...env }, stdio: 'pipe' });
        await endedThere(fleet, project, 2);
        const said = await Promise.all(
          fleet.machines.map((machine) =>
            machine.exec(`cat ${jobsOn(machine, project)}/*/data/logs/docker.txt`),
          ),
        );
        const sum = execFileSync('sha256sum', { input: secret }).toString();
        expect(said).toEqual(
          ['--lr 1\n', `--name it's "quoted" $HOME \n`].map((line) => `${line}${sum}0123456789\n`),
        );
        for (const machine of fleet.machines)
          await machine.exec(`rm -rf ${jobsOn(machine, project)} ~ada/logistician/inputs`);
        execFileSync('rm', ['-rf', join(project.experiment, '.logistician')]);
      });

      it('it is what the real run issues; so is that of terminate', async () => {
        const dry = await project.cli(['deploy', '--dry-run'], { env });
        await well(project, ['deploy', '--yes'], { env });
        expect(inAnyOrder(printed(issued()))).toEqual(inAnyOrder(printed(dry.stderr)));
        await endedThere(fleet, project, 2);

        const drily = await project.cli(['terminate', '--yes', '--dry-run']);
        const really = await well(project, ['terminate', '--yes']);
        expect(inAnyOrder(printed(really.stderr))).toEqual(inAnyOrder(printed(drily.stderr)));
        expect(inAnyOrder(printed(drily.stderr)).length).toBeGreaterThan(3);
      });

      it('a dry run of sync and stop does nothing', async () => {
        await well(project, ['deploy', '--yes', '--force'], { env });
        await endedThere(fleet, project, 2);
        const runs = project.runs;
        const { stderr } = await project.cli(['sync', '--dry-run']);
        expect(stderr.match(/ \| rsync .* (one|two):\S+ /g)).toHaveLength(2);
        expect(project.runs).toEqual(runs);
        expect(existsSync(project.run(runs.at(-1), 'data'))).toBe(false);
        await well(project, ['terminate', '--yes']);
      });
    });
  },
);
