import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isMissing } from '../support/engines.js';
import { stateOfFolder } from '../support/folder-state.js';
import { TestProject } from '../support/project.js';
import { binOf, paste, refusedBy } from '../support/remedy.js';
import { slow } from '../support/slow.js';
import { training } from '../support/training.js';

interface Checked {
  readonly verdict: string;
  readonly files: { readonly compared: number; readonly different: readonly { readonly path: string }[] };
  readonly measures: { readonly different: readonly { readonly name: string }[] };
  readonly causes: readonly string[];
  readonly kept: string | null;
}

// What has run, again: `reproduce` beside it, `rerun` as new runs.
describe.skipIf(isMissing('docker', 'git'))('what has run', () => {
  let project: TestProject;

  beforeAll(async () => {
    const stamped = `date +%N >"$LOGISTICIAN_MEASURES_DIRECTORY/time.txt"; `;
    project = new TestProject({
      files: {
        'train.sh': `${stamped}${training.program}`,
        'chance.sh': 'cat /proc/sys/kernel/random/uuid >"$LOGISTICIAN_OUTPUT_DIRECTORY/chance.txt"\n',
      },
      parameters: {
        experiment_command: `${training.command} --epochs 3`,
        experiment_grid: { lr: [0.1, 0.01], seed: [1] },
      },
    });
    await project.ok(['deploy', '--yes', '--wait']);
  });
  afterAll(async () => {
    await project.quiet();
    await project.remove();
  });

  const reproduced = () => join(project.home, '.logistician', 'reproduced');
  const check = (...words: string[]) => project.json<Checked>(['reproduce', ...words, '--check']);
  const states = () =>
    project.receipts().map(({ condition, state }) => [condition.replace(/-[0-9a-f]{10}$/, ''), state]);

  it('is done again by the lines that reproduce prints, without this tool', async () => {
    const lines = await project.ok(['reproduce', 'lr-0.1']);
    expect(lines).not.toContain('logistician.js');
    execFileSync('sh', ['-e'], {
      input: lines,
      stdio: ['pipe', 'ignore', 'pipe'],
      env: { PATH: process.env.PATH },
    });
    const [id = ''] = readdirSync(reproduced());
    expect(stateOfFolder(join(reproduced(), id, 'data', 'results'))).toEqual(
      stateOfFolder(project.run(id, 'data', 'results')),
    );
  });

  it('is checked: the same bytes, though a measure of time is another', async () => {
    const before = project.runs.length;
    const found = await check('lr-0.1');
    expect(found).toMatchObject({ verdict: 'same bytes', files: { compared: 2, different: [] }, kept: null });
    expect(found.measures.different.map(({ name }) => name)).toEqual(['time']);
    // Beside it: nothing is added to the runs, and what is the same is not kept.
    expect(project.runs).toHaveLength(before);
    // Those of printed lines have no dot.
    expect(readdirSync(reproduced()).filter((name) => name.includes('.'))).toEqual([]);
  });

  slow('is checked by two at once, each in its own folder', async () => {
    const both = await Promise.all([check('lr-0.1'), check('lr-0.1')]);
    expect(both.map(({ verdict }) => verdict)).toEqual(['same bytes', 'same bytes']);
  });

  slow('is checked with an image that has to be built again, and from a snapshot', async () => {
    project.repository.write({ 'new.sh': 'echo new\n' });
    await project.ok(['run', '-o', '--lr 0.3']);
    expect(project.receipt().recipe.source).toMatchObject({ snapshot: true, live: true });
    execFileSync('docker', ['image', 'rm', '--force', project.receipt().recipe.image.tag], {
      stdio: 'ignore',
    });
    rmSync(join(project.root, 'new.sh'));
    const found = await check('last');
    expect(found.verdict).toBe('same bytes');
    expect(found.causes[0]).toBe('The image was built again.');
  });

  slow('is different by chance, which is said with the files, and kept to look at', async () => {
    project.setParameters({ experiment_command: 'sh chance.sh && sh train.sh' });
    await project.ok(['run', '-o', '--lr 0.2']);
    const { code, stdout } = await project.cli(['reproduce', 'last', '--check']);
    expect(code).toBe(1);
    expect(stdout).toContain('chance.txt differs');
    const [line = ''] = /^diff -r .*$/m.exec(stdout) ?? [];
    const kept = line.split(' ').at(-1) ?? '';
    expect(existsSync(join(kept, 'chance.txt'))).toBe(true);
    const ignored = await check('last', '--ignore', '*.txt', '--ignore', 'time');
    expect(ignored).toMatchObject({ verdict: 'same bytes', files: { compared: 1 } });
    const measures = await check('last', '--ignore', 'time');
    expect(measures.verdict).toBe('same measures');
    rmSync(kept.replace(/\/data\/results$/, ''), { recursive: true });
  });

  it('is refused where it is not complete here: the commit, or the results', async () => {
    const { id, recipe } = project.receipt();
    const text = project.readRun(id, 'run.json');
    writeFileSync(project.run(id, 'run.json'), text.replaceAll(recipe.source.commit, 'f'.repeat(40)));
    expect((await project.cli(['reproduce', 'last'])).stderr).toMatch(
      /The commit ffffffffff of the run \S+\s+is not in/,
    );
    writeFileSync(project.run(id, 'run.json'), text);
    const [first] = project.runs;
    rmSync(project.run(first, 'data'), { recursive: true });
    const { code, stderr } = await project.cli(['reproduce', first ?? '', '--check']);
    expect(code).toBe(1);
    expect(stderr.replaceAll(/\s+/g, ' ')).toContain('are not here: there is no');
  });

  it('runs again as it was, or with other arguments, at its commit and with the settings of then', async () => {
    // Today's file is another one, and the tree is dirty.
    project.setParameters({ experiment_command: 'false', experiment_grid: { lr: [7] } });
    project.repository.write({ 'train.sh': 'exit 1\n' });
    const before = project.receipts();
    const [old] = before.filter(({ condition }) => condition.startsWith('lr-0-01'));
    await project.ok(['rerun', 'lr-0.01', '--yes', '--wait']);
    await project.ok([
      'rerun',
      'lr-0.01',
      '--set',
      'seed=2',
      '--set',
      'epochs=1',
      '--yes',
      '--wait',
      '-m',
      'why',
    ]);
    const [same, other] = project.receipts().slice(before.length);
    expect(same).toMatchObject({
      state: 'succeeded',
      condition: old?.condition,
      fingerprint: old?.fingerprint,
      came_from: { kind: 'rerun', run: old?.id },
    });
    expect(other).toMatchObject({
      state: 'succeeded',
      message: 'why',
      came_from: { kind: 'rerun', run: same?.id },
    });
    expect(other?.recipe.condition.argv).toEqual(['--lr', '0.01', '--seed', '2', '--epochs', '1']);
    expect(other?.recipe.source.commit).toBe(old?.recipe.source.commit);
    // The old ones are as they were.
    expect(project.receipts().slice(0, before.length)).toEqual(before);
  });

  slow('runs again at another commit, and where its newest run failed', async () => {
    project.repository.commit('Break it');
    const failed = await project.cli(['rerun', 'lr-0.01-seed-1', '--commit', 'HEAD', '--yes', '--wait']);
    expect(failed.code, failed.stderr).toBe(1);
    expect(project.receipt()).toMatchObject({ state: 'failed', exit_code: 1 });
    await project.ok(['terminate', '--yes']);
    const again = await project.cli(['rerun', '--last-failed', '--yes', '--wait']);
    expect(again.code).toBe(1);
    expect(project.receipt()).toMatchObject({ state: 'failed', came_from: { kind: 'retry' } });
    project.repository.git('checkout', '--quiet', 'HEAD~1', '--', 'train.sh');
    project.repository.commit('Mend it');
    await project.ok(['terminate', '--yes']);
    await project.ok(['rerun', '--last-failed', '--commit', 'HEAD', '--yes', '--wait']);
    expect(project.receipt().state).toBe('succeeded');
    expect(await project.ok(['rerun', '--last-failed', '--yes'])).toContain('No condition has a newest run');
  });

  slow('runs of several commits, or without a name, are refused with the lines that go', async () => {
    const { code, stderr } = await project.cli(['rerun', 'lr-0.1', 'last', '--yes']);
    expect([code, stderr]).toEqual([1, expect.stringContaining('These runs are of 2 commits')]);
    expect((await project.cli(['rerun', '--yes'])).code).toBe(2);
    const wrong = await project.cli(['rerun', 'last', '--set', 'lr', '--yes']);
    expect([wrong.code, wrong.stderr]).toEqual([
      2,
      expect.stringContaining('is not a name, "=" and a value'),
    ]);
  });

  slow('proposes reruns, and no deploy of today’s conditions', async () => {
    const { stderr } = await project.cli(['rerun', 'last', '--yes']);
    expect(stderr).not.toContain('logistician deploy');
    await project.quiet();
    const words = ['rerun', 'last', '--set', 'lr=0.3', '--target', 'hosts'];
    const refused = await project.cli(words);
    expect(refused.stderr).toContain('logistician rerun last --set lr=0.3 --hosts user@gpu1');
    expect(refused.stderr).not.toContain('logistician deploy');
    await project.ok(['terminate', '--yes']);
  });

  slow('runs again in a folder that has another name since', async () => {
    const moved = join(project.root, 'experiments', 'moved');
    renameSync(project.experiment, moved);
    project.repository.commit('Move it');
    const at = { cwd: moved };
    const before = project.receiptIn(moved);
    await project.ok(['rerun', 'last', '--yes', '--wait'], at);
    expect(project.receiptIn(moved)).toMatchObject({
      state: 'succeeded',
      fingerprint: before.fingerprint,
      came_from: { run: before.id },
    });
    const { verdict } = await project.json<Checked>(['reproduce', 'last', '--check'], at);
    expect(verdict).toBe('same bytes');
    await project.ok(['terminate', '--yes'], at);
    renameSync(moved, project.experiment);
    project.repository.commit('Move it back');
  });

  slow('says what to do where its commit is gone', async () => {
    const { id, recipe } = project.receipt();
    const text = project.readRun(id, 'run.json');
    writeFileSync(project.run(id, 'run.json'), text.replaceAll(recipe.source.commit, 'f'.repeat(40)));
    for (const words of [
      ['rerun', id, '--yes'],
      ['export', id, '-o', join(project.scratch, 'gone.tar')],
      ['reproduce', id, '--check'],
    ]) {
      const { code, stderr } = await project.cli(words);
      expect([words[0], code, stderr]).toEqual([
        words[0],
        1,
        expect.stringContaining(`logistician rerun ${id} --commit HEAD`),
      ]);
    }
    writeFileSync(project.run(id, 'run.json'), text);
  });

  slow('arguments of no file are deployed behind --, and those of a file run', async () => {
    project.setParameters({ experiment_command: 'sh train.sh', experiment_grid: { lr: [7] } });
    await project.ok(['terminate', '--yes']);
    await project.ok(['deploy', '--yes', '--wait', '--', '--lr', '0.5', '--epochs', '1']);
    expect(project.receipt().recipe.condition.argv).toEqual(['--lr', '0.5', '--epochs', '1']);
    const file = join(project.scratch, 'arguments.json');
    writeFileSync(file, '{ "lr": 0.50, "epochs": 1 }');
    await project.ok(['run', '--parameters', file]);
    expect(project.receipt().recipe.condition).toMatchObject({
      argv: ['--lr', '0.50', '--epochs', '1'],
      parameters: '{"lr":0.50,"epochs":1}',
    });
    writeFileSync(file, '{ "lr": 1, "lr": 2 }');
    const twice = await project.cli(['run', '--parameters', file]);
    expect([twice.code, twice.stderr]).toEqual([125, expect.stringContaining('lr  is there twice')]);
    const missing = await project.cli(['run', '--parameters', `${file}.not`]);
    expect(missing.stderr).toContain('There is no file');
    expect((await project.cli(['deploy', '--only', 'lr', '--', '--lr', '1'])).code).toBe(2);
    expect(states().at(-1)).toEqual(['lr-0-50-epochs-1', 'succeeded']);
  });

  slow(
    'is retried also where its arguments were of no file, and rerun by the line after a rerun that failed',
    async () => {
      project.setParameters({ experiment_command: 'false', experiment_grid: { lr: [7] } });
      await project.ok(['terminate', '--yes']);
      expect((await project.cli(['deploy', '--yes', '--wait', '--', '--lr', '0.8'])).code).toBe(1);
      const first = project.receipt();
      const retried = await project.cli(['deploy', '--yes', '--wait', '--retry-failed']);
      expect([retried.code, retried.stdout]).toEqual([1, expect.stringMatching(/^runs +1 of 2 conditions/m)]);
      expect(project.receipt()).toMatchObject({
        condition: first.condition,
        came_from: { kind: 'retry', run: first.id },
      });
      const rerun = await project.cli(['rerun', 'last', '--yes', '--wait']);
      expect([rerun.code, rerun.stderr]).toEqual([
        1,
        expect.stringContaining('logistician rerun --last-failed'),
      ]);
      expect(rerun.stderr).not.toContain('logistician deploy');
      await project.ok(['terminate', '--yes']);
      await project.ok(['clean', '--state', 'failed', '--yes']);
      project.setParameters({ experiment_command: 'sh train.sh', experiment_grid: { lr: [7] } });
    },
  );

  it('is noted and tagged by many at once, and nothing is lost', async () => {
    const texts = Array.from({ length: 20 }, (_, place) => `note ${place}`);
    await Promise.all(
      texts.flatMap((text, place) => [
        project.ok(['note', 'last', text]),
        ...(place < 5 ? [project.ok(['tag', 'last', `tag-${place}`])] : []),
      ]),
    );
    const { notes } = await project.json<{ notes: { text: string }[] }>(['note', 'last']);
    expect(notes.map(({ text }) => text).sort()).toEqual(texts.sort());
    expect((await project.ok(['tag', 'last'])).trim().split(' ').sort()).toEqual(
      [0, 1, 2, 3, 4].map((place) => `tag-${place}`),
    );
    expect(readdirSync(project.run(project.runs.at(-1))).filter((name) => name.includes('lock'))).toEqual([]);
  });

  slow(
    'keeps its notes readable: no more than can be read, and damaged ones are not written over',
    async () => {
      const run = project.runs.at(-1) ?? '';
      const long = 'x'.repeat(120_000);
      for (let count = 0; count < 8; count++) await project.ok(['note', run, long]);
      const more = await project.cli(['note', run, long]);
      expect([more.code, more.stderr]).toEqual([1, expect.stringContaining('have at most 1 MiB')]);
      expect(await project.ok(['note', run, '--remove'])).toContain('has no notes');
      writeFileSync(project.run(run, 'notes.json'), '{');
      const at = { cwd: project.experiment, env: project.env };
      const refused = await refusedBy(project, ['tag', run, 'paper'], at);
      expect(refused).toMatchObject({ name: 'DamagedNotes', suggestions: [expect.stringContaining('mv ')] });
      for (const line of refused?.suggestions ?? []) paste(line, at);
      expect(await project.ok(['tag', run, 'paper'])).toBe('paper\n');
    },
  );

  slow('each line that is proposed for what cannot be done again works', async () => {
    const bin = binOf(project);
    const at = { cwd: project.experiment, env: { ...project.env, PATH: `${bin}:${process.env.PATH}` } };
    const taken = join(project.scratch, 'taken.tar');
    writeFileSync(taken, '');
    const [first = '', ...others] = project.runs;
    const other = others.find(
      (run) => project.receipt(run).recipe.source.commit !== project.receipt(first).recipe.source.commit,
    );
    const wrong: string[][] = [
      ['rerun', 'last', '--set', 'lr', '--yes'],
      ['rerun', '--yes'],
      ['rerun', first, other ?? '', '--yes'],
      ['deploy', '--first', '1', '--', '--lr', '1'],
      ['clean'],
      ['export', '-o', 'x.tar'],
      ['export', 'last', '-o', taken],
      ['run', '--parameters', join(project.scratch, 'none.json')],
    ];
    for (const words of wrong) {
      const refused = await refusedBy(project, words, at);
      expect(refused?.suggestions, words.join(' ')).not.toEqual([]);
      for (const line of refused?.suggestions ?? []) await paste(line, at);
    }
  });

  slow('a commit that is not here is fetched by the line that is proposed', async () => {
    const remote = join(project.scratch, 'remote.git');
    const clone = join(project.scratch, 'clone');
    execFileSync('git', ['clone', '--quiet', '--bare', project.root, remote]);
    execFileSync('git', ['clone', '--quiet', '--depth', '1', `file://${remote}`, clone]);
    project.repository.git('remote', 'add', 'origin', remote);
    project.repository.write({ 'more.txt': 'more\n' });
    project.repository.commit('Only at the remote');
    project.repository.git('push', '--quiet', 'origin', 'HEAD:main');
    await project.ok(['deploy', '--yes', '--wait', '--', '--lr', '0.6', '--epochs', '1']);
    const run = project.receipt().id;
    const runs = join(clone, 'experiments', 'one', 'runs');
    // Its runner still tidies up.
    await project.quiet();
    cpSync(project.run(run), join(runs, run), { recursive: true });
    const at = { cwd: join(runs, '..'), env: project.env };
    const refused = await refusedBy(project, ['reproduce', run], at);
    expect(refused).toMatchObject({
      name: 'CannotReproduce',
      suggestions: [expect.stringContaining('fetch')],
    });
    for (const line of refused?.suggestions ?? []) await paste(line, at);
    expect(await refusedBy(project, ['reproduce', run], at)).toBeNull();
  });
});
