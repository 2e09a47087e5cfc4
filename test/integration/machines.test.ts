import { execFileSync, spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { baseImage, isMissing } from '../support/engines.js';
import { LightFleet } from '../support/light-fleet.js';
import { Fleet, type LabMachine } from '../support/machines.js';

describe.skipIf(isMissing('docker', 'sshd', 'root'))('the lab machines of the tests', () => {
  let fleet: Fleet;
  let one: LabMachine;
  let two: LabMachine;

  beforeAll(async () => {
    fleet = await Fleet.start({
      one: {},
      two: { shell: 'fish', without: ['rsync'], homeSize: 4 },
      three: { banner: "It's me!", dockerGroup: false },
    });
    [one, two] = [fleet.get('one'), fleet.get('two')];
  });

  afterAll(async () => {
    await fleet?.remove();
    for (const kind of ['container', 'network', 'volume']) {
      const left = execFileSync('docker', [
        kind,
        'ls',
        '--quiet',
        '--filter',
        `label=logistician.test=${fleet?.name}`,
      ]);
      expect(left.toString()).toBe('');
    }
  });

  const options = ['-o', 'BatchMode=yes', '-o', 'ConnectTimeout=5'];
  const ssh = (machine: LabMachine, line: string) =>
    spawn('ssh', [...options, machine.name, line], {
      env: { ...process.env, PATH: `${fleet.bin}:${process.env.PATH}` },
    });

  /** What a line of shell says there, and how it ends. */
  async function on(machine: LabMachine, line: string): Promise<{ code: number | null; said: string }> {
    const there = ssh(machine, line);
    there.stdin.end();
    let said = '';
    for (const output of [there.stdout, there.stderr]) output.on('data', (chunk) => (said += chunk));
    return new Promise((resolve) => there.on('close', (code) => resolve({ code, said })));
  }

  it('are computers of their own, with an engine for a user who is not root', async () => {
    expect(await on(one, 'id -un; uname -n')).toEqual({ code: 0, said: 'ada\none\n' });
    expect((await on(one, 'sudo true')).code).toBe(127);
    const job = `docker run --rm --volume ~/out:/out ${baseImage} sh -c 'echo hi | tee /out/said'`;
    expect(await on(one, job)).toEqual({ code: 0, said: 'hi\n' });
    expect(await one.files('/home/ada/out')).toEqual(['/home/ada/out', '/home/ada/out/said']);
    expect(await two.files('/home/ada/out')).toEqual([]);
    expect((await on(two, 'docker container ls --all --quiet; echo $FISH_VERSION; rsync')).said).toMatch(
      /^\d+\.\d[\s\S]*Unknown command: rsync/,
    );
  });

  it('may be set up as others are', async () => {
    const { said } = await on(fleet.get('three'), 'docker ps');
    expect(said).toMatch(/^It's me!\n[\s\S]*permission denied/);
  });

  it('are searched to the last file', async () => {
    await on(one, `docker run --name leaves ${baseImage} sh -c 'printf "%s\\n%s" open sesame >/left'`);
    await one.exec('printf "not open\\nsesame!" >/var/tmp/left');
    expect(await one.findText('open\nsesame')).toEqual([
      expect.stringMatching(/^\/var\/lib\/docker\/.*\/diff\/left$/),
      '/var/tmp/left',
    ]);
    expect(await one.findText('open\nsesam!')).toEqual([]);
  });

  it('may be many, where an sshd is enough', async () => {
    const many = await LightFleet.start(8);
    try {
      const env = { ...process.env, PATH: `${many.bin}:${process.env.PATH}` };
      const said = many.machines.map(({ name }) =>
        execFileSync('ssh', [name, 'echo mine >file; cat ~/file; pwd'], { env }).toString(),
      );
      expect(said).toEqual(many.machines.map(({ home }) => `mine\n${home}\n`));
    } finally {
      await many.remove();
    }
  });
});
