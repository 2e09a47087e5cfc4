import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cloud } from '../support/cloud/cloud.js';
import { CloudProject } from '../support/cloud/cloud-project.js';
import { beyondPolicy } from '../support/cloud/policy.js';
import { isMissing } from '../support/engines.js';
import { stateOfFolder } from '../support/folder-state.js';
import { outputProblems } from '../support/output.js';
import { inAnyOrder, printed } from '../support/printed.js';
import { slow } from '../support/slow.js';
import { until } from '../support/until.js';

const secret = 'a word that must stay secret';

/** Prints when two timers were started, and when the deadline is, in microseconds. */
const since = `get() { busctl get-property org.freedesktop.systemd1 "/org/freedesktop/systemd1/unit/logistician_2d$1_2etimer" "org.freedesktop.systemd1.$2" "$3"; }
get unused Unit ActiveEnterTimestampMonotonic
get deadline Unit ActiveEnterTimestampMonotonic
get deadline Timer NextElapseUSecMonotonic`;

/** Without what is made, or given by AWS, only in a real run: host keys, and where machines are. */
const foreseeable = (lines: string) =>
  printed(lines)
    .replaceAll(/ssh-ed25519 \S+/g, 'ssh-ed25519 KEY')
    .replaceAll(/^Host (lr|fail)-.*\n( {2}.*\n)+/gm, '');

describe.skipIf(isMissing('moto', 'terraform', 'aws', 'docker', 'sshd', 'root'))('a sweep at AWS', () => {
  let cloud: Cloud;
  let project: CloudProject;

  beforeAll(async () => {
    cloud = await Cloud.start({ machines: 2 });
    project = await CloudProject.start(cloud, {
      keptProvider: true,
      parameters: {
        experiment_conditions: ['--lr 1', '--fail 3'],
        secrets: ['TOKEN'],
        tags: { team: 'vision' },
        metrics: { rate: 'rate is (\\S+)' },
      },
    });
  });
  afterAll(async () => {
    await project?.remove();
    await cloud?.remove();
  });

  const well = async (words: readonly string[]) => {
    const finished = await project.cli(words, { env: { TOKEN: secret } });
    return { ...finished, all: `${finished.stdout}\n${finished.stderr}\n${cloud.problems.join('\n')}` };
  };

  it('deploy makes a machine a condition, and delivers', async () => {
    const dry = await well(['deploy', '--dry-run']);
    const { code, stdout, all } = await well(['deploy', '--yes']);
    expect(code, all).toBe(0);
    const issued = readFileSync(join(project.state, 'commands.sh'), 'utf8');
    expect(inAnyOrder(foreseeable(issued))).toEqual(inAnyOrder(foreseeable(dry.stderr)));
    expect(stdout).toMatch(/^runs +2 of 2 conditions$/m);
    const instances = await project.instances();
    expect([...instances.keys()].sort()).toEqual(['fail-3', 'lr-1']);
    expect(instances.get('lr-1')?.tags).toMatchObject({
      team: 'vision',
      'logistician.deployment': project.deployment.id,
    });
  });

  it('status has what "metrics" finds in logs that are still on the machines', async () => {
    const found = await until('it is printed', async () => {
      const { conditions } = await project.json(['status']);
      const measures = conditions.map(({ measure }) => measure);
      return measures[0] ? measures : null;
    });
    expect(found).toEqual([{ rate: 1 }, null]);
    expect(project.receipts().map(({ collected }) => collected)).toEqual([null, null]);
  });

  it('status, logs and ssh know the machines by their conditions', async () => {
    const { stdout } = await well(['deploy', '--wait', '--yes', '--keep-failed']);
    expect(stdout).toContain('the rate is 1');
    const status = await project.json(['status']);
    expect(outputProblems('status', status)).toEqual([]);
    expect(status.conditions.map(({ state }) => state)).toEqual(['succeeded', 'failed']);
    expect(await project.ok(['logs', 'fail-3'])).toContain('this goes wrong');
    expect(await project.ok(['ssh', 'fail-3', '--', 'id', '-un'])).toBe('ubuntu\n');
    // B2: what ends a machine without us.
    const timers = ['deadline', 'unused', 'idle'].map((name) => `logistician-${name}.timer`).join(' ');
    const active = await project.ok(['ssh', 'fail-3', '--', 'sh', '-c', `systemctl is-active ${timers}`]);
    expect(active).toBe('active\nactive\nactive\n');
    // C3: the deadline was armed at the boot, as the other was, and again by the delivery.
    const times = await project.ok(['ssh', 'fail-3', '--', 'sh', '-c', since]);
    const [unused = 0, deadline = 0, ends = 0] = times
      .split('\n')
      .map((text) => Number(text.split(' ').at(-1)));
    expect(deadline).toBeGreaterThan(unused + 1e6);
    expect((ends - deadline) / 1e6).toBeCloseTo(25 * 3600, 1);
  });

  it('machines whose data is home are gone, and the failed one is kept', async () => {
    expect([...(await project.instances()).keys()]).toEqual(['fail-3']);
    for (const { id, recipe, machine, state, target } of project.receipts()) {
      expect(target).toBe('aws');
      expect(machine).toMatchObject({ cpus: 2, architecture: 'x86_64' });
      const { argv } = recipe.condition;
      if (argv[0] !== '--lr') continue;
      expect(state).toBe('succeeded');
      expect(project.readRun(id, 'data', 'results', 'rate.txt')).toBe(`${argv[1]}\n`);
    }
  });

  it('a run of a machine that is gone is reproduced here: the same bytes', async () => {
    const { stdout, all } = await well(['reproduce', 'lr-1', '--check', '--json']);
    expect(JSON.parse(stdout), all).toMatchObject({ verdict: 'same bytes', files: { compared: 1 } });
  });

  it('terminate leaves nothing at AWS', async () => {
    const dry = await well(['terminate', '--dry-run']);
    const { code, stderr, all } = await well(['terminate', '--yes']);
    expect(code, all).toBe(0);
    const commands = stderr.replaceAll(/^\d of 1 machine ended\n/gm, '');
    expect(inAnyOrder(printed(commands))).toEqual(inAnyOrder(printed(dry.stderr)));
    expect(project.deployment.released).not.toBeNull();
    expect(await cloud.listAll()).toEqual([]);
    expect(beyondPolicy(cloud)).toEqual([]);
    expect((await well(['terminate', '--yes'])).stdout).toContain('nothing to terminate');
  });

  it('the host key alone is in the state, for its owner alone; no secret is anywhere', () => {
    const state = join(project.state, 'terraform');
    for (const file of ['terraform.tfstate.backup', 'plan.json', 'cdk.tf.json'])
      expect(statSync(join(state, file)).mode & 0o077, file).toBe(0);
    expect(project.filesWith(secret)).toEqual([]);
    const own = readFileSync(join(project.home, '.logistician', 'ssh-key'), 'utf8').split('\n')[2] ?? '';
    expect(project.filesWith(own).map(({ path }) => path)).toEqual([
      join(project.home, '.logistician', 'ssh-key'),
    ]);
    for (const { path, mode } of project.filesWith('BEGIN OPENSSH PRIVATE KEY'))
      expect(mode & 0o077, path).toBe(0);
    expect(cloud.calls.filter(({ parameters }) => `${parameters}`.includes(secret))).toEqual([]);
  });

  slow(
    'rerun makes new runs on machines of their own: as it was, and of what failed last with another argument',
    async () => {
      const before = project.receipts();
      const contents = () => before.map(({ id }) => stateOfFolder(project.run(id)));
      const asBefore = contents();
      const [old, failed] = ['--lr 1', '--fail 3'].map((argv) =>
        before.findLast(({ recipe }) => recipe.condition.argv.join(' ') === argv),
      );
      // The job of today is another one.
      project.repository.write({ 'job.sh': 'echo "$2 again" >/data/results/rate.txt\n' });
      project.repository.commit('Another job');
      const rerun = async (...words: string[]) => {
        const { code, all } = await well(['rerun', ...words, '--yes', '--wait']);
        expect(code, all).toBe(0);
      };
      await rerun(old?.id ?? '', '--last-failed', '--set', 'fail=null');
      await rerun(old?.id ?? '', '--commit', 'HEAD', '--target', 'local');
      const [same, mended, here, ...others] = project
        .receipts()
        .filter(({ id }) => before.every((one) => one.id !== id));
      expect(others).toEqual([]);
      const { recipe, fingerprint } = old ?? {};
      const cameFrom = { kind: 'rerun', run: old?.id };
      expect(same).toMatchObject({
        target: 'aws',
        state: 'succeeded',
        recipe,
        fingerprint,
        came_from: cameFrom,
      });
      expect(project.readRun(same?.id ?? '', 'data', 'results', 'rate.txt')).toBe('1\n');
      expect(mended).toMatchObject({
        target: 'aws',
        state: 'succeeded',
        recipe: { source: { commit: recipe?.source.commit }, condition: { argv: [] } },
        came_from: { kind: 'retry', run: failed?.id },
      });
      expect(here).toMatchObject({
        target: 'local',
        state: 'succeeded',
        recipe: { source: { commit: project.repository.head }, condition: recipe?.condition },
        came_from: cameFrom,
      });
      expect(project.readRun(here?.id ?? '', 'data', 'results', 'rate.txt')).toBe('1 again\n');
      expect(contents()).toEqual(asBefore);
      expect(await cloud.listAll()).toEqual([]);
    },
  );
});
