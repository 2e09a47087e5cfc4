import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { isMissing, variants } from '../support/engines.js';
import { footprint, holdingOn, letGoOn, onHosts, well, writeSshConfig } from '../support/hosts.js';
import { Fleet, type LabMachine } from '../support/machines.js';
import { linesOf, type TestProject } from '../support/project.js';
import { slow } from '../support/slow.js';
import { makeKey, sshConfig } from '../support/sshd.js';
import { until } from '../support/until.js';

const holding = `set -eu
printf %s "$TOKEN" | sha256sum | cut -c 1-64 >/data/results/token.txt
printf %s "$OTHER" | sha256sum | cut -c 1-64 >/data/results/other.txt
[ "$1" = --hold ] || exit 0
echo holding
tries=0
while [ ! -e /data/results/go ] && [ "$tries" -lt 9000 ]; do
  sleep 0.1
  tries=$((tries + 1))
done
`;

const hash = (text: string) => createHash('sha256').update(text).digest('hex');

/** Files under the folders that have the text in them. */
const filesWith = (text: string, ...folders: string[]): string[] => {
  try {
    return linesOf('grep', '--recursive', '--files-with-matches', '--fixed-strings', '-e', text, ...folders);
  } catch {
    return [];
  }
};

describe.skipIf(isMissing('docker', 'git', 'sshd', 'root'))('secrets, and files of others', () => {
  let fleet: Fleet;
  let one: LabMachine;
  let two: LabMachine;
  const projects: TestProject[] = [];

  beforeAll(async () => {
    fleet = await Fleet.start({ one: {}, two: { shell: 'fish' } });
    [one, two] = [fleet.get('one'), fleet.get('two')];
  });
  afterEach(async () => {
    for (const project of projects.splice(0)) await project.remove();
  });
  afterAll(() => fleet?.remove());

  const made = (parameters: Readonly<Record<string, unknown>>, files = {}): TestProject => {
    const project = onHosts(fleet, { parameters, files });
    projects.push(project);
    return project;
  };

  it.each(variants('build', 'ssh'))(
    'a secret reaches its jobs and stays nowhere, where images go by %s',
    async (transport) => {
      const core = `s3cret-${process.pid}-${transport}-core`;
      const env = {
        TOKEN: `${core}-$(id)-'"\\\\-\`x\`\n  second line of it, ${core}\n`,
        OTHER: `'${core}'; exit #!`,
      };
      const project = made(
        {
          secrets: ['TOKEN', 'OTHER'],
          docker_image_transport: transport,
          experiment_conditions: ['--hold 1', '--hold 2', 'three', 'four'],
          hosts: ['one', 'two'].map((address) => ({ address, slots: 1 })),
        },
        { 'job.sh': holding },
      );
      await well(project, ['deploy', '--yes'], { env });
      const runs = [await holdingOn(one, project, 'hold-1'), await holdingOn(two, project, 'hold-2')];
      for (const [place, machine] of [one, two].entries()) {
        expect(await machine.findText(core)).toEqual([]);
        const inMemory = `grep -rlF ${core} /dev/shm /run | sort`;
        const found = (await machine.exec(inMemory)).trim().split('\n');
        // The one that runs, and the one that waits.
        expect(found).toHaveLength(4);
        for (const path of found) expect(path).toMatch(/^\/dev\/shm\/logistician-\d+\/[^/]+\/(TOKEN|OTHER)$/);
        expect(await machine.exec(`find /dev/shm ! -uid 0 -perm /077`)).toBe('');
        expect(await machine.exec(`ps -eww -o args=; cat /proc/[0-9]*/cmdline | tr '\\0' ' '`)).not.toContain(
          core,
        );
        await letGoOn(machine, project, runs[place] ?? '');
      }
      await well(project, ['deploy', '--yes', '--wait'], { env });
      await well(project, ['logs'], { env });
      await well(project, ['status', '--json'], { env });
      for (const { id, recipe } of project.receipts()) {
        expect(recipe.secrets).toEqual(['TOKEN', 'OTHER']);
        expect(project.readRun(id, 'data', 'results', 'token.txt')).toBe(`${hash(env.TOKEN)}\n`);
        expect(project.readRun(id, 'data', 'results', 'other.txt')).toBe(`${hash(env.OTHER)}\n`);
      }
      for (const machine of [one, two]) {
        expect(await machine.findText(core)).toEqual([]);
        expect(await machine.exec('find /dev/shm -type f')).toBe('');
      }
      await well(project, ['terminate', '--yes'], { env });
      for (const machine of [one, two]) {
        expect(await machine.findText(core)).toEqual([]);
        expect(await machine.exec('find /dev/shm -mindepth 1')).toBe('');
      }
      expect(project.said.length).toBeGreaterThan(8);
      expect(project.said.filter((text) => text.includes(core))).toEqual([]);
      expect(filesWith(core, project.scratch, '/dev/shm')).toEqual([]);
    },
  );

  describe('an impostor', () => {
    const marker = `source-${process.pid}-marker`;
    const env = { TOKEN: `token-${process.pid}-of-mine` };
    const project = () =>
      made(
        {
          secrets: ['TOKEN'],
          hosts: [
            { address: 'one', slots: 1 },
            { address: 'two', slots: 1 },
          ],
          experiment_conditions: ['a', 'b'],
          inputs: { numbers: '../../../numbers' },
        },
        { 'job.sh': `# ${marker}\nprintf %s "$TOKEN" | sha256sum\n` },
      );
    const withInputs = (made: TestProject) => {
      writeFileSync(join(made.scratch, 'numbers'), `input-${process.pid}-numbers\n`);
      return made;
    };
    const nothingArrived = async () => {
      for (const text of [marker, env.TOKEN, `input-${process.pid}-numbers`]) {
        expect(await one.findText(text)).toEqual([]);
        expect(await one.exec(`grep -rlF ${text} /dev/shm || :`)).toBe('');
      }
    };

    it('who was there first gets nothing, and the other machine works on', async () => {
      const tried = withInputs(project());
      const known = join(tried.home, '.ssh', 'known_hosts');
      const other = join(tried.scratch, 'other');
      makeKey(other);
      writeSshConfig(
        tried,
        [one, two]
          .map((machine) =>
            sshConfig(machine.name, {
              HostName: machine.address,
              User: machine.user,
              IdentityFile: fleet.key,
              UserKnownHostsFile: known,
            }),
          )
          .join('\n'),
      );
      writeFileSync(
        known,
        `${one.address} ${readFileSync(`${other}.pub`, 'utf8')}${two.address} ${two.hostKey}`,
      );
      const before = await footprint(one);
      for (const words of [[], ['--accept-new-host-keys']]) {
        const { code, stderr } = await tried.cli(['deploy', '--yes', ...words, '--hosts', 'one'], { env });
        expect(code).toBe(1);
        expect(stderr).toMatch(/one shows the host key SHA256:\S+, and known_hosts has another/);
        expect(stderr).toContain('Nothing was sent to it');
        expect(stderr).toContain(`ssh-keygen -R ${one.address}`);
      }
      expect(tried.runs).toEqual([]);
      expect(await footprint(one)).toEqual(before);
      const { code, stdout } = await tried.cli(['deploy', '--yes', '--wait'], { env });
      expect(code).toBe(0);
      expect(stdout).toContain('2 of 2 ended: 2 succeeded');
      expect(tried.receipts().map(({ machine }) => machine.name)).toEqual(['two', 'two']);
      await nothingArrived();
      await well(tried, ['terminate', '--yes']);
    });

    slow('who came in between gets nothing more', async () => {
      const tried = withInputs(project());
      await well(tried, ['deploy', '--yes'], { env });
      const live = async () => (await tried.json<{ live: boolean }>(['status'])).live;
      await until('its jobs have ended and are not home', async () => !(await live()));
      // What it had before, it has been sent as the one it was.
      await one.exec('rm -rf ~ada/logistician');
      await one.replaceHostKey();
      const before = await footprint(one);
      const runs = tried.runs;

      const status = await tried.cli(['status']);
      expect(`${status.stdout}${status.stderr}`).toMatch(/one shows another host key than the known one/);
      for (const words of [
        ['sync'],
        ['logs'],
        ['logs', 'a'],
        ['ssh', 'a', '--', 'true'],
        ['terminate', '--yes'],
      ]) {
        const { code, stderr, stdout } = await tried.cli(words, { env });
        expect({ words, code }).toEqual({ words, code: words[0] === 'ssh' ? expect.any(Number) : 1 });
        expect(code).not.toBe(0);
        expect(`${stderr}${stdout}`).toMatch(/another host key|Host key verification failed|REMOTE HOST/);
      }
      tried.repository.write({ 'more.txt': marker });
      tried.repository.commit('More');
      for (const words of [['--force'], ['--force', '--accept-new-host-keys']]) {
        const { stderr } = await tried.cli(['deploy', '--yes', '--hosts', 'one', ...words], { env });
        expect(stderr).toMatch(/one shows another host key than the known one/);
        expect(stderr).toContain(`ssh-keygen -R one -f ${join(tried.stateFolder, 'known_hosts')}`);
      }
      expect(await footprint(one)).toEqual(before);
      await nothingArrived();
      expect(tried.runs).toEqual(runs);

      // Once one knows that the new key is right, both lines that it says are all that it takes.
      writeFileSync(fleet.knownHosts, `${one.address} ${one.hostKey}${two.address} ${two.hostKey}`);
      linesOf('ssh-keygen', '-R', 'one', '-f', join(tried.stateFolder, 'known_hosts'));
      const { stdout } = await well(tried, ['deploy', '--yes', '--wait', '--force'], { env });
      expect(stdout).toContain('2 of 2 ended: 2 succeeded');
      await well(tried, ['terminate', '--yes']);
      expect(existsSync(tried.run(tried.runs.at(-1), 'data', 'logs', 'docker.txt'))).toBe(true);
      rmSync(join(tried.scratch, 'numbers'));
    });
  });
});
