import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isMissing } from '../support/engines.js';
import { stateOfFolder } from '../support/folder-state.js';
import { endedThere, footprint, jobsOn, onHosts, well } from '../support/hosts.js';
import { Fleet } from '../support/machines.js';
import { outputProblems } from '../support/output.js';
import { linesOf, type StatusOutput, type TestProject } from '../support/project.js';

const states = ({ conditions }: StatusOutput) => conditions.map(({ state }) => state);
const conditions = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, place) => `--lr ${from + place}`);

const job = `sleep 0.3
echo "the rate is $2, on $(cat /data/input/numbers/digits)"
touch /data/input/numbers/new 2>/data/results/refused
echo "$2" >/data/results/rate.txt
id -u >/data/results/user.txt
`;

describe.skipIf(isMissing('docker', 'git', 'sshd', 'root'))('a sweep on machines', () => {
  let fleet: Fleet;
  let project: TestProject;
  let before: string[][];

  beforeAll(async () => {
    // Login shells that take lines apart in ways of their own.
    fleet = await Fleet.start({ gpu1: {}, gpu2: { shell: 'fish' }, gpu3: { shell: 'sh' } });
    // The folders that fish makes for the first user.
    await fleet.get('gpu2').exec('runuser -l ada -c true');
    before = await Promise.all(fleet.machines.map(footprint));
    project = onHosts(fleet, {
      files: { 'job.sh': `${job}`, 'experiments/one/Dockerfile': 'FROM debian:bookworm-slim\nRUN true\n' },
      parameters: {
        hosts: ['gpu1', 'gpu2', 'gpu3'].map((address) => ({ address, slots: 1 })),
        inputs: { numbers: '../../../numbers' },
        experiment_conditions: conditions(1, 7),
      },
    });
    mkdirSync(join(project.scratch, 'numbers'));
    writeFileSync(join(project.scratch, 'numbers', 'digits'), '0123456789\n');
  });
  afterAll(async () => {
    await project?.remove();
    await fleet?.remove();
  });

  const setConditions = (list: readonly string[]) =>
    project.setParameters({
      target: 'hosts',
      hosts: ['gpu1', 'gpu2', 'gpu3'].map((address) => ({ address, slots: 1 })),
      inputs: { numbers: '../../../numbers' },
      experiment_conditions: list,
    });

  /** What a deploy sends of the inputs, and where to. */
  const sent = (stderr: string) =>
    [...stderr.matchAll(/^\$ rsync .* (gpu\d):\S*\/inputs\/(numbers-[0-9a-f]{12})/gm)].map(
      ([, machine, id]) => ({ machine, id }),
    );

  let input: string | undefined;

  it('deploy returns when all is delivered; more conditions than slots are worked off without us', async () => {
    const { stdout, stderr } = await well(project, ['deploy', '--yes']);
    expect(stdout).toMatch(/^runs +7 of 7 conditions$/m);
    const inputs = sent(stderr);
    expect(inputs.map(({ machine }) => machine).sort()).toEqual(['gpu1', 'gpu2', 'gpu3']);
    expect(new Set(inputs.map(({ id }) => id)).size).toBe(1);
    input = inputs[0]?.id;
    expect(project.processes).toEqual([]);
    await endedThere(fleet, project, 7);
    const status = await project.json(['status']);
    expect(outputProblems('status', status)).toEqual([]);
    expect(states(status)).toEqual(Array(7).fill('succeeded'));
    expect(status.live).toBe(false);
    expect(status.conditions[0]?.last_line).toBe('the rate is 1, on 0123456789');
  });

  it('sync brings all home; the receipts say where it was', async () => {
    await project.ok(['sync']);
    const receipts = project.receipts();
    expect(receipts).toHaveLength(7);
    for (const { id, recipe, machine, image, state, target } of receipts) {
      expect({ state, target }).toEqual({ state: 'succeeded', target: 'hosts' });
      expect(recipe.source.commit).toBe(project.repository.head);
      expect(image.id).toMatch(/^sha256:/);
      expect(machine.name).toMatch(/^gpu[123]$/);
      expect(project.readRun(id, 'data', 'results', 'rate.txt')).toBe(`${recipe.condition.argv[1]}\n`);
      expect(project.readRun(id, 'data', 'results', 'refused')).toContain('Read-only file system');
    }
    expect(
      receipts
        .map(({ machine }) => machine.name)
        .sort()
        .join(' '),
    ).toBe('gpu1 gpu1 gpu1 gpu2 gpu2 gpu3 gpu3');
    const user = `${process.getuid?.()}`;
    expect(linesOf('find', project.run('.'), '!', '-uid', user)).toEqual([]);
  });

  it('a run of another machine is reproduced here: the same bytes', async () => {
    const [run = ''] = project.runs;
    // The user there has another id.
    expect(await project.json(['reproduce', run, '--check', '--ignore', 'user.txt'])).toMatchObject({
      verdict: 'same bytes',
      files: { compared: 2 },
    });
  });

  it('a second sweep shares what exists and pushes only what is new', async () => {
    project.repository.write({ 'more.txt': 'more\n' });
    project.repository.commit('More');
    setConditions(conditions(8, 10));
    const objects = () =>
      Promise.all(
        fleet.machines.map((m) =>
          m.exec(
            `git -c safe.directory='*' -C ${m.home}/logistician/source/*.git count-objects -v | grep -E '^(count|in-pack)'`,
          ),
        ),
      );
    const [first = ''] = await objects();
    const { stderr } = await well(project, ['deploy', '--yes', '--wait']);
    expect(sent(stderr)).toEqual([]);
    const [then = ''] = await objects();
    const sum = (text: string) => (text.match(/\d+/g) ?? []).map(Number).reduce((a, b) => a + b, 0);
    // A commit, a tree, and a file: and parameters.json, which was committed with them.
    expect(sum(then) - sum(first)).toBeLessThanOrEqual(6);
    expect(sum(then)).toBeGreaterThan(sum(first));
  });

  it('inputs that have changed are sent again under another name, beside the others', async () => {
    writeFileSync(join(project.scratch, 'numbers', 'digits'), '42\n');
    setConditions(conditions(11, 13));
    const { stderr, stdout } = await well(project, ['deploy', '--yes', '--wait']);
    expect(stdout).toContain('the rate is 11, on 42');
    const again = sent(stderr);
    expect(again).toHaveLength(3);
    expect(again[0]?.id).not.toBe(input);
    const folder = `${fleet.get('gpu1').home}/logistician/inputs`;
    expect((await fleet.get('gpu1').exec(`ls ${folder}`)).trim().split('\n').sort()).toEqual(
      [input, again[0]?.id].sort(),
    );
  });

  it('rerun makes new runs of one there: as it was, with another commit and argument, here and back there', async () => {
    const before = project.runs;
    const contents = () => before.map((run) => stateOfFolder(project.run(run)));
    const asBefore = contents();
    const old = project.receipt(before.at(-1));
    // Neither the settings of today are those of the run, nor is the commit.
    project.setParameters({ experiment_command: 'false', experiment_conditions: ['--lr 99'] });
    project.repository.write({ 'job.sh': 'test "$2" != 21 && echo "the new rate is $2"\n' });
    project.repository.commit('Another job');
    const rerun = async (words: readonly string[], code = 0) => {
      const finished = await project.cli(['rerun', ...words, '--yes', '--wait']);
      expect(finished.code, `${finished.stdout}\n${finished.stderr}`).toBe(code);
      return project.receipt();
    };
    const { recipe, fingerprint } = old;
    const same = { state: 'succeeded', recipe, fingerprint, came_from: { kind: 'rerun', run: old.id } };

    const again = await rerun([old.id]);
    expect(again).toMatchObject({ ...same, target: 'hosts' });
    expect(project.readRun(again.id, 'data', 'results', 'rate.txt')).toBe('13\n');

    const failed = await rerun([old.id, '--commit', 'HEAD', '--set', 'lr=21'], 1);
    const commit = project.repository.head;
    expect(failed).toMatchObject({ state: 'failed', target: 'hosts', came_from: { run: old.id } });
    expect(failed.recipe).toMatchObject({ source: { commit }, condition: { argv: ['--lr', '21'] } });

    const mended = await rerun(['--last-failed', '--set', 'lr=22']);
    expect(mended).toMatchObject({
      state: 'succeeded',
      target: 'hosts',
      recipe: { source: { commit }, condition: { argv: ['--lr', '22'] } },
      came_from: { kind: 'retry', run: failed.id },
    });
    expect(project.readRun(mended.id, 'data', 'logs', 'docker.txt')).toBe('the new rate is 22\n');

    const here = await rerun([old.id, '--target', 'local']);
    expect(here).toMatchObject({ ...same, target: 'local' });
    expect(await rerun([here.id, '--target', 'hosts'])).toMatchObject({
      ...same,
      target: 'hosts',
      came_from: { run: here.id },
    });

    expect(project.runs.slice(0, before.length)).toEqual(before);
    expect(contents()).toEqual(asBefore);
    setConditions(conditions(11, 13));
    project.repository.write({ 'job.sh': job });
    project.repository.commit('The job of before');
  });

  it('terminate leaves what later sweeps share, and nothing else', async () => {
    const runs = project.runs;
    const { stdout } = await well(project, ['terminate', '--yes']);
    expect(stdout).toContain('Terminated.');
    for (const [place, machine] of fleet.machines.entries()) {
      const root = `${machine.home}/logistician`;
      const left = (await footprint(machine)).filter((path) => !before[place]?.includes(path));
      const shared = [`${root}/source`, `${root}/inputs`];
      expect(
        left.filter(
          (path) => path !== root && !shared.some((one) => path === one || path.startsWith(`${one}/`)),
        ),
      ).toEqual([]);
      expect(await machine.exec('pgrep -u ada -f runner.sh || :')).toBe('');
      expect(await machine.exec('docker ps --all --quiet')).toBe('');
      expect(await machine.files(jobsOn(machine, project))).toEqual([]);
      expect((await footprint(machine)).filter((path) => before[place]?.includes(path))).toEqual(
        before[place],
      );
    }
    expect(project.runs).toEqual(runs);
    expect(states(await project.json(['status'])).filter((state) => state !== 'succeeded')).toEqual([]);
    expect(await project.ok(['logs', 'lr-1-'])).toContain('the rate is 1,');
  });

  it('what is left serves the next sweep', async () => {
    setConditions(conditions(14, 14));
    const { stderr } = await well(project, ['deploy', '--yes', '--wait']);
    expect(sent(stderr)).toEqual([]);
    // What is home is not fetched again; what has gone since, is.
    const again = await well(project, ['sync']);
    expect(again.stderr).not.toContain('| rsync ');
    const run = project.runs.at(-1) ?? '';
    rmSync(project.run(run, 'data', 'results', 'rate.txt'));
    const third = await well(project, ['sync']);
    expect(third.stderr.match(/ \| rsync /g)).toHaveLength(1);
    expect(project.readRun(run, 'data', 'results', 'rate.txt')).not.toBe('');
    await project.ok(['terminate', '--yes']);
    const there = project.receipts().filter(({ target }) => target === 'hosts');
    expect(there.filter(({ collected }) => !collected)).toEqual([]);
  });
});
