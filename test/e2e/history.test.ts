import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isMissing } from '../support/engines.js';
import { summary, writeRun } from '../support/history.js';
import { type OutputName, outputProblems } from '../support/output.js';
import { packageRoot, TestProject } from '../support/project.js';
import { recipeOf } from '../support/receipts.js';
import { slow } from '../support/slow.js';
import { until } from '../support/until.js';

const escapeCode = '\u001b';

describe.skipIf(isMissing('git'))('the verbs about runs', () => {
  let project: TestProject;
  /** Ids of the runs, in their order. */
  let ids: string[];

  beforeAll(() => {
    project = new TestProject();
    project.setParameters({ experiment_conditions: ['--lr 0.1'] });
    const steps = Array.from({ length: 10 }, (_, at) => `{"step":${at},"loss":${10 - at}}\n`).join('');
    ids = [
      writeRun(project.experiment, '--lr 0.1 --seed 1', 0, {
        files: { ...summary({ accuracy: 0.5 }), 'measures/train.jsonl': steps, 'results/model.pt': 'model' },
      }),
      writeRun(project.experiment, '--lr 0.1 --seed 2', 1, { files: summary({ accuracy: 0.7 }) }),
      writeRun(project.experiment, '--lr 0.01 --seed 1', 2, { files: summary({ accuracy: 0.9 }) }),
      writeRun(project.experiment, '--lr 0.01 --seed 2', 3, {
        files: { 'measures/summary.json': '{"accuracy": 0.' },
        changes: { state: 'failed', reason: 'oom', exit_code: 137 },
      }),
      writeRun(project.experiment, '--lr 0.1 --seed 1', 4, {
        files: summary({ accuracy: 0.6, said: `${escapeCode}[31mred` }),
      }),
    ];
  });
  afterAll(() => project.remove());

  const ok = (...words: string[]) => project.ok(words);
  const wide = (...words: string[]) => project.ok(words, { env: { COLUMNS: '300' } });
  async function json<T>(...words: string[]): Promise<T> {
    const value = JSON.parse(await ok(...words, '--json'));
    expect(outputProblems(words[0] as OutputName, value)).toEqual([]);
    return value as T;
  }
  const refused = async (...words: string[]) => {
    const { code, stderr } = await project.cli(words);
    return { code, stderr };
  };

  it('history is an object by run id, in a pipe as with --json', async () => {
    const all =
      await json<Record<string, { arguments: object; measures: object; state: string; attempt: number }>>(
        'history',
      );
    expect(Object.keys(all)).toEqual(ids);
    expect(all[ids[0] ?? '']).toMatchObject({
      arguments: { lr: 0.1, seed: 1 },
      measures: { accuracy: 0.5, loss: 1 },
      series: { train: { step: 'step', n: 10, columns: { loss: { min: 1, max: 10, last: 1 } } } },
      state: 'succeeded',
    });
    expect(all[ids[3] ?? '']).toMatchObject({
      state: 'failed',
      exit_code: 137,
      summary: null,
      problems: ['measures/summary.json: not JSON, or half-written'],
    });
    expect(all[ids[4] ?? '']).toMatchObject({ attempt: 2 });
    expect(JSON.parse(await ok('history'))).toEqual(all);
    const lines = (await ok('history', '--jsonl')).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual(Object.values(all));
  });

  it('history as a table shows what differs, and tells what could not be read', async () => {
    const table = await ok('history', '--table');
    const told = table.replaceAll(/ +/g, ' ').replaceAll(/ \d+d( \d+h)?/g, ' AGE');
    expect(told).toMatchInlineSnapshot(`
      "RUN lr seed STATE TIME AGE accuracy loss said
      20261120-120000000 0.1 1 succeeded 2s AGE 0.5 1
      20261120-120100000 0.1 2 succeeded 2s AGE 0.7
      20261120-120200000 0.01 1 succeeded 2s AGE 0.9
      20261120-120300000 0.01 2 failed (oom) 2s AGE
      20261120-120400000 0.1 1 succeeded 2s AGE 0.6 \\u001b[31mred
      20261120-120300000-lr-0-01-seed-2-aeb788acbf: measures/summary.json: not JSON, or half-written
      "
    `);
    expect(table).not.toContain(escapeCode);
    expect(await wide('history', '--table', '--all-columns')).toMatch(
      /^RUN .* EXPERIMENT .* COMMIT .* MACHINE .* TARGET/,
    );
    expect(await ok('history', '--table', '--limit', '2')).toContain('3 more runs: --limit 0');
  });

  it.each<[readonly string[], readonly number[]]>([
    [
      ['--where', 'lr=0.1 and accuracy>=0.6'],
      [1, 4],
    ],
    [['--where', 'lr=0.1', '--where', 'seed=2'], [1]],
    [
      ['--where', 'state=failed or min loss=1'],
      [0, 3],
    ],
    [['--where', 'loss@3=7'], [0]],
    [
      ['--sort', '-accuracy', '--limit', '3'],
      [2, 1, 4],
    ],
    [['--sort=-accuracy'], [2, 1, 4, 0, 3]],
    [['--sort', '-created', '--limit', '1'], [4]],
    [
      ['--since', '2026-11-20T12:02:00Z', '--until', '2026-11-20T12:04:00Z'],
      [2, 3],
    ],
    [
      ['--limit', '2'],
      [3, 4],
    ],
    [['--until', '2020-01-01'], []],
  ])('history %j', async (words, places) => {
    const all = JSON.parse(await ok('history', ...words)) as object;
    expect(Object.keys(all).sort()).toEqual(places.map((at) => ids[at]).sort());
    const lines = (await ok('history', ...words, '--jsonl', '--columns', 'id')).trim();
    expect(lines === '' ? [] : lines.split('\n').map((line) => JSON.parse(line).run)).toEqual(
      places.map((at) => ids[at]),
    );
  });

  it('history --csv, --md and --group-by', async () => {
    expect(await ok('history', '--csv', '--columns', 'lr, accuracy as "a, b"', '--limit', '2')).toBe(
      `id,lr,"a, b"\n${ids[3]},0.01,\n${ids[4]},0.1,0.6\n`,
    );
    expect((await ok('history', '--csv')).split('\n')[0]).toMatch(/^id,experiment,.*,lr,seed,accuracy,/);
    expect(await ok('history', '--md', '--columns', 'lr', '--limit', '1')).toBe(
      `| id | lr |\n| --- | --- |\n| ${ids[4]} | 0.1 |\n`,
    );
    const { groups } = JSON.parse(await ok('history', '--group-by', 'all but seed')) as {
      groups: { by: object; n: number; measures: Record<string, object> }[];
    };
    expect(groups.map(({ by, n, measures }) => [by, n, measures.accuracy])).toEqual([
      [{ lr: 0.1 }, 3, { n: 3, mean: 0.6, deviation: expect.closeTo(0.1), min: 0.5, max: 0.7 }],
      [{ lr: 0.01 }, 2, { n: 1, mean: 0.9, deviation: null, min: 0.9, max: 0.9 }],
    ]);
    expect(await ok('history', '--group-by', 'lr', '--table', '--columns', 'accuracy')).toMatch(
      /^lr +n +accuracy n +accuracy mean +accuracy deviation +accuracy min +accuracy max\n0.1 +3 +3 +0.6 /,
    );
  });

  it.each<[readonly string[], string]>([
    [['history', '--where', 'lrr=1'], 'Did you mean lr?'],
    [['history', '--where', 'lr='], 'expected a value at its end'],
    [['history', '--columns', 'acuracy'], 'Did you mean accuracy?'],
    [['history', '--since', 'soon'], '"soon" is not a time'],
    [['best', '--by', 'acuracy'], 'Did you mean accuracy?'],
    [['describe', 'last~9'], 'There is no last~9: 5 runs in all.'],
    [['describe', '20261120-12'], '5 runs begin with 20261120-12.'],
    [['describe', 'last', 'last~1'], 'describe is about one run'],
    [['compare', 'last'], 'compare takes two runs or more.'],
    [['measures', 'last~4', '--series', 'tran'], 'Did you mean train?'],
    [['measures', 'last', '--csv'], 'The run has no series'],
    [['tag', 'last', 'a b'], '"a b" is no tag'],
    [['note', 'last', 'a', 'b'], 'A note is one text'],
  ])('%j is refused with 2', async (words, message) => {
    const { code, stderr } = await refused(...words);
    expect({ code, stderr: stderr.replaceAll(/\s+/g, ' ') }).toEqual({
      code: 2,
      stderr: expect.stringContaining(message),
    });
  });

  it('last is the id and nothing else', async () => {
    expect(await ok('last')).toBe(`${ids[4]}\n`);
    expect(await ok('last', '--project')).toBe(`${ids[4]}\n`);
    expect(await json('last')).toEqual({ run: ids[4], folder: project.run(ids[4]) });
    const empty = new TestProject();
    expect((await empty.cli(['last'])).code).toBe(1);
    expect(await empty.ok(['history', '--table'])).toBe('Nothing has run yet.\n');
    expect(await empty.ok(['history'])).toBe('{}\n');
    await empty.remove();
  });

  it('describe tells people, and programs get the receipt', async () => {
    const text = await ok('describe', 'lr-0.01-seed-2');
    expect(text).toMatch(/^state +failed \(oom\)$/m);
    expect(text).toMatch(/^arguments +--lr 0.01 --seed 2$/m);
    expect(text).toMatch(/^problems +measures\/summary.json: not JSON, or half-written$/m);
    expect(await ok('describe')).toContain('\\u001b[31mred');
    expect(await json('describe', project.run(ids[0]))).toEqual(project.receipt(ids[0]));
  });

  it('measures are a tree of the files, and series are shown whole', async () => {
    expect(await json('measures', ids[0] ?? '')).toMatchObject({
      'summary.json': { accuracy: 0.5 },
      'train.jsonl': { n: 10, odd: 0 },
    });
    expect(JSON.parse(await ok('measures', ids[0] ?? '', '--summary'))).toEqual({ accuracy: 0.5 });
    expect(await ok('measures', ids[0] ?? '', '--csv')).toMatch(/^step,loss\n0,10\n1,9\n/);
    expect(await ok('measures', ids[0] ?? '', '--series', 'train', '--jsonl')).toMatch(
      /^\{"step":0,"loss":10\}\n/,
    );
    const { stderr } = await project.cli(['measures', ids[3] ?? '']);
    expect(stderr).toContain('measures/summary.json: not JSON, or half-written');
  });

  slow('output copies, and replaces nothing unless it is told to', async () => {
    const id = ids[0] ?? '';
    expect(await json('output', id, '--list')).toMatchObject({
      files: [{ path: 'model.pt', bytes: 5 }],
      bytes: 5,
    });
    symlinkSync('/etc/passwd', project.run(id, 'data', 'results', 'link'));
    expect(await json('output', id, '--dry-run')).toMatchObject({ run: id });
    expect(existsSync(join(project.experiment, 'output'))).toBe(false);
    await ok('output', id);
    const copied = join(project.experiment, 'output', id);
    expect(readFileSync(join(copied, 'model.pt'), 'utf8')).toBe('model');
    expect(project.repository.git('status', '--porcelain')).not.toContain('output');
    // A link is copied as one.
    expect((await project.startProgram(['readlink', join(copied, 'link')]).ended).stdout).toBe(
      '/etc/passwd\n',
    );
    writeFileSync(join(copied, 'own.txt'), 'mine');
    expect(await refused('output', id)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('--force'),
    });
    await ok('output', id, '--output', copied, '--force');
    expect(readFileSync(join(copied, 'own.txt'), 'utf8')).toBe('mine');
    await ok('output', id, 'model.pt', '-o', 'best.pt');
    expect(readFileSync(join(project.experiment, 'best.pt'), 'utf8')).toBe('model');
    await ok('output', id, 'measures/summary.json', '-o', 's.json');
    const bytes = Buffer.from([0, 255, 27, 10, 13]);
    writeFileSync(project.run(id, 'data', 'results', 'raw'), bytes);
    expect(project.bytesOf(['output', id, 'raw', '-o', '-'])).toEqual(bytes);
    rmSync(project.run(id, 'data', 'results', 'raw'));
    expect(await refused('output', id, 'model.pt', '-o', '-', '--json')).toMatchObject({ code: 2 });
    expect(existsSync(join(project.experiment, '-'))).toBe(false);
    for (const path of ['../run.json', 'nothing', 'link/x'])
      expect(await refused('output', id, path)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('has no'),
      });
    rmSync(join(project.experiment, 'output'), { recursive: true });
  });

  it('compare says what differs, and what is the same', async () => {
    const text = await ok('compare', 'lr-0.01-seed-1', ids[1] ?? '');
    expect(text).toContain('Same commit, same image, same machine.');
    expect(text).toMatch(/^lr +0.01 +0.1$/m);
    expect(text).toMatch(/^accuracy +0.9 +0.7 +-0.2 \(-22 %\)$/m);
    expect(text).not.toContain('processors');
    expect(await json('compare', ids[0] ?? '', ids[1] ?? '', ids[2] ?? '', '--all')).toMatchObject({
      runs: ids.slice(0, 3),
      inputs: expect.arrayContaining([
        { part: 'argument', name: 'lr', values: ['0.1', '0.1', '0.01'], same: false },
      ]),
      measures: expect.arrayContaining([
        {
          name: 'accuracy',
          values: [0.5, 0.7, 0.9],
          differences: [
            { absolute: 0, relative: 0 },
            { absolute: expect.closeTo(0.2), relative: expect.closeTo(0.4) },
            { absolute: expect.closeTo(0.4), relative: expect.closeTo(0.8) },
          ],
          same: false,
        },
      ]),
    });
    expect(await ok('compare', ...ids.slice(0, 3))).toMatch(/^ +\S+ +0.9 +\+0.4 \(\+80 %\)$/m);
  });

  it('compare shows the commits and changes between two runs', async () => {
    project.repository.commit('Before');
    const from = project.repository.git('rev-parse', 'HEAD').trim();
    project.repository.write({ 'train.py': 'print(1)\n' });
    project.repository.commit('Train');
    const to = project.repository.git('rev-parse', 'HEAD').trim();
    const at = (commit: string) => {
      const recipe = recipeOf('--lr 7');
      return { recipe: { ...recipe, source: { ...recipe.source, root: project.root, commit } } };
    };
    const [one, other] = [from, to].map((commit, minute) =>
      writeRun(project.experiment, '--lr 7', 40 + minute, { changes: at(commit) }),
    );
    const text = await ok('compare', one ?? '', other ?? '');
    expect(text).toMatch(/Commits between them\n[0-9a-f]+ Train\n/);
    expect(text).toMatch(/train.py \| 1 \+\n 1 file changed/);
    for (const id of [one, other]) rmSync(project.run(id), { recursive: true });
  });

  it('best is the best, and tells what it leaves out', async () => {
    const text = await ok('best');
    expect(text).toMatch(/^1 +0.9 +20261120-1202\d* +0.01 +1 /m);
    expect(text).toContain('The highest accuracy is the best here (--min: the lowest).');
    expect(text).toContain('Left out: 1 run that did not succeed.');
    expect(await json('best', '-k', '1')).toMatchObject({
      by: 'accuracy',
      goal: 'maximize',
      best: [{ run: ids[2] }],
    });
    expect(await json('best', '--min')).toMatchObject({ best: [{ run: ids[0] }, {}, {}, {}] });
    expect(await refused('best', '--where', 'lr=5')).toEqual({
      code: 1,
      stderr: 'Error: None of 5 runs fits.\n',
    });
    expect(await json('best', '--by', 'min loss')).toMatchObject({
      goal: 'minimize',
      best: [{ value: 1, run: ids[0] }],
      left_out: { missing: 3 },
    });
    expect(await json('best', '--over', 'seed', '--where', 'lr=0.1')).toMatchObject({
      best: [{ n: 3, value: expect.closeTo(0.6) }],
    });
  });

  it('notes and tags are beside the receipt, and in filters', async () => {
    const before = readFileSync(project.run(ids[1], 'run.json'), 'utf8');
    await ok('tag', ids[1] ?? '', 'paper', 'figure-2');
    expect(await json('tag', ids[1] ?? '', 'paper')).toEqual({ run: ids[1], tags: ['paper', 'figure-2'] });
    await ok('note', ids[1] ?? '', `looks ${escapeCode}[31mgood`);
    expect(await ok('note', ids[1] ?? '')).toContain('looks \\u001b[31mgood');
    expect(await json('note', ids[1] ?? '')).toMatchObject({
      notes: [{ text: expect.stringContaining('looks') }],
    });
    expect(
      Object.keys(JSON.parse(await ok('history', '--where', 'tag=paper and note contains good'))),
    ).toEqual([ids[1]]);
    expect(await wide('history', '--table')).toMatch(/paper figure-2 +looks/);
    await ok('tag', ids[1] ?? '', 'paper', '--remove');
    expect(JSON.parse(await ok('history'))[ids[1] ?? '']).toMatchObject({ tags: ['figure-2'] });
    expect(readFileSync(project.run(ids[1], 'run.json'), 'utf8')).toBe(before);
    writeFileSync(project.run(ids[1], 'notes.json'), '{');
    expect(await refused('tag', ids[1] ?? '', 'x')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('notes.json'),
    });
    rmSync(project.run(ids[1], 'notes.json'));
  });

  it('tells of what is no receipt, of copies, and of receipts of other versions', async () => {
    const id = writeRun(project.experiment, '--lr 9', 50);
    writeFileSync(project.run(id, 'run.json'), '{"schema": 9}');
    mkdirSync(join(project.experiment, 'runs', 'copy of one'));
    writeFileSync(join(project.experiment, 'runs', 'copy of one', 'run.json'), before());
    const { stdout, stderr } = await project.cli(['history']);
    expect(JSON.parse(stdout)[id]).toMatchObject({
      state: 'unreadable',
      problems: [expect.stringContaining('was written by a newer logistician')],
    });
    expect(stderr).toContain('copy of one is not the folder of a run by its name');
    expect(await ok('history', '--table')).toMatch(/unreadable/);
    expect(await refused('describe', id)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('newer logistician'),
    });
    rmSync(project.run(id), { recursive: true });
    rmSync(join(project.experiment, 'runs', 'copy of one'), { recursive: true });
  });

  slow(
    'each run that is damaged, hostile or of another time is shown as what it is, and the others stand',
    async () => {
      const left = mkdtempSync(join(project.scratch, 'damaged-'));
      cpSync(project.experiment, join(left, 'e'), { recursive: true });
      const experiment = join(left, 'e');
      const runs = join(experiment, 'runs');
      let minute = 20;
      const damaged = (files: Parameters<typeof writeRun>[3] = {}) =>
        writeRun(experiment, '--lr 5', minute++, files);
      const measures = (name: string, text: string | Buffer) =>
        damaged({ files: { ...summary({ accuracy: 0.4 }), [`measures/${name}`]: text } });
      const hostile = `${escapeCode}]0;title\u0007`;
      const expected: Record<string, { state?: string; problems?: unknown; measures?: unknown }> = {
        [measures('big.json', `[${'1,'.repeat(200_000)}1]`)]: {
          problems: [expect.stringContaining('too large')],
        },
        [measures('model', Buffer.from([0, 1, 2]))]: { problems: [expect.stringContaining('binary')] },
        [measures('summary.json', '{"accuracy": NaN, "b": -Infinity}')]: {
          measures: { accuracy: 'NaN', b: '-Infinity' },
        },
        [measures('summary.json', `{"accuracy": ${JSON.stringify(`${hostile}\ud800`)}}`)]: {
          measures: { accuracy: `${hostile}\ufffd` },
        },
        [measures('summary.json', `${'{"a":'.repeat(9000)}1${'}'.repeat(9000)}`)]: {
          problems: [expect.stringContaining('32 levels')],
        },
        [measures('train.jsonl', '{"step":1,"a":1}\n{"step":2}\nno\n{"b":"x","step":3}\n{"step":4,"a"')]: {
          problems: [expect.stringContaining('1 of its lines')],
          measures: { step: 3, a: 1, b: 'x', accuracy: 0.4 },
        },
        [measures('__proto__', '7')]: { measures: JSON.parse('{"__proto__": 7, "accuracy": 0.4}') },
        [damaged({ changes: { created: '2036-01-01T00:00:00Z', finished: '2001-01-01T00:00:00Z' } })]: {
          problems: [],
        },
      };
      const receipts: [string, string][] = [
        ['{"schema": 2,', 'incomplete'],
        ['{"schema": 3}', 'newer logistician'],
        [readFileSync(join(runs, ids[0] ?? '', 'run.json'), 'utf8'), 'another run'],
        ['[]', 'not a JSON object'],
        ['\ufffe\0', 'incomplete'],
      ];
      for (const [text, problem] of receipts) {
        const id = damaged();
        writeFileSync(join(runs, id, 'run.json'), text);
        expected[id] = { state: 'unreadable', problems: [expect.stringContaining(problem)] };
      }
      const pipe = damaged();
      rmSync(join(runs, pipe, 'run.json'));
      execFileSync('mkfifo', [join(runs, pipe, 'run.json')]);
      expected[pipe] = { state: 'unreadable', problems: [expect.stringContaining('not a regular file')] };
      symlinkSync(ids[0] ?? '', join(runs, `20261120-13000000${minute}-lr-5-0123456789`));
      const own = (words: readonly string[]) =>
        project.cli([...words, experiment], { env: { COLUMNS: '80' } });
      const check = async () => {
        const { code, stdout, stderr } = await own(['history']);
        expect(code, stderr).toBe(0);
        const found = JSON.parse(stdout) as Record<string, object>;
        expect(outputProblems('history', found)).toEqual([]);
        expect(found).toMatchObject(expected);
        // The others stand.
        expect(found[ids[1] ?? '']).toMatchObject({ measures: { accuracy: 0.7 }, problems: [] });
        execFileSync('jq', ['-e', 'length'], { input: stdout });
        return stdout;
      };
      const first = await check();
      const index = join(runs, '.rows.jsonl');
      const whole = readFileSync(index, 'utf8');
      for (const text of [
        '',
        'nonsense\n\0',
        whole.slice(0, 900),
        whole.replaceAll('"words":{', '"words":7,"x":{'),
        '{"v":3}\n',
      ]) {
        writeFileSync(index, text);
        expect(await check()).toBe(first);
      }
      rmSync(index);
      mkdirSync(index);
      expect(await check()).toBe(first);
      for (const words of [
        ['history', '--table'],
        ['history', '--csv'],
        ['history', '--md'],
        ['best'],
        ['list'],
      ]) {
        const { code, stdout, stderr } = await own(words[0] === 'list' ? ['list'] : words);
        expect(code, stderr).toBe(0);
        expect(stdout + stderr).not.toContain(escapeCode);
      }
      const { stderr } = await own(['history', '--where', 'accuracy>0.3', '--jsonl']);
      expect(stderr).toMatch(/^Note: accuracy is a number in \d+ runs and a text in 1, such as/m);
      rmSync(left, { recursive: true });
    },
  );

  it('history of a project has all experiments, also where they have runs of the same id', async () => {
    const copy = join(project.root, 'experiments', 'two');
    cpSync(project.experiment, copy, { recursive: true });
    const all = JSON.parse(await ok('history', '--project')) as Record<string, { run: string }>;
    expect(Object.keys(all)).toHaveLength(2 * ids.length);
    expect(all[join(copy, 'runs', ids[2] ?? '')]).toMatchObject({ run: ids[2], measures: { accuracy: 0.9 } });
    expect(
      (await ok('history', '--project', '--jsonl', '--where', 'accuracy=0.9')).trim().split('\n'),
    ).toHaveLength(2);
    expect(await json('best', '--project', '-k', '1')).toMatchObject({ best: [{ value: 0.9 }] });
    rmSync(copy, { recursive: true });
  });

  it('is the same where nothing can be written, and its reader may leave', async () => {
    const all = await ok('history');
    rmSync(project.run('.rows.jsonl'));
    symlinkSync('/nowhere/at/all', project.run('.rows.jsonl'));
    expect(await ok('history')).toBe(all);
    rmSync(project.run('.rows.jsonl'));
    const { code } = await project.startProgram(
      [
        'bash',
        '-o',
        'pipefail',
        '-c',
        `"${process.execPath}" "${join(packageRoot, 'bin', 'run.js')}" history | head -c 10`,
      ],
      { cwd: project.experiment },
    ).ended;
    expect(code).toBe(0);
  });

  const before = () => readFileSync(project.run(ids[0], 'run.json'), 'utf8');
});

describe.skipIf(isMissing('docker', 'git'))('real runs as data', () => {
  let project: TestProject;

  beforeAll(() => {
    project = new TestProject({
      parameters: {
        experiment_conditions: ['--lr 1', '--lr 2'],
        experiment_command: 'sh measure.sh',
        objective: 'loss',
        goal: 'minimize',
        metrics: { loss: 'loss=(\\S+)' },
      },
      files: {
        'measure.sh': `for i in 3 2 1; do echo "loss=$((i * $2))"; done
echo "{\\"reward\\": $2}" >"$LOGISTICIAN_SUMMARY_MEASURES_PATH"
if [ -n "\${HOLD:-}" ]; then while [ ! -e /data/results/go ]; do sleep 0.3; done; fi
`,
      },
    });
  });
  afterAll(() => project.remove());

  it('has what jobs print as measures, and goes by the objective', async () => {
    await project.ok(['deploy', '--yes', '--wait']);
    const runs = Object.values(
      JSON.parse(await project.ok(['history'])) as Record<string, { measures: object; series: object }>,
    );
    expect(runs.map(({ measures }) => measures)).toEqual([
      { loss: 1, reward: 1 },
      { loss: 2, reward: 2 },
    ]);
    expect(runs[1]).toMatchObject({ series: { log: { columns: { loss: { n: 3, first: 6, min: 2 } } } } });
    const [head] = (await project.ok(['status'])).split('\n');
    expect(head).toMatch(/^CONDITION +lr +STATE +TIME +(AGE +)?loss +reward/);
    const status = JSON.parse(await project.ok(['status', '--json'])) as {
      conditions: { measures: object }[];
    };
    expect(status.conditions.map(({ measures }) => measures)).toEqual(runs.map(({ measures }) => measures));
    expect(JSON.parse(await project.ok(['best', '--json', '-k', '1']))).toMatchObject({
      by: 'loss',
      goal: 'minimize',
      best: [{ value: 1 }],
    });
    expect(await project.ok(['best'])).not.toContain('is the best here');
    const list = JSON.parse(await project.ok(['list', '--json']));
    expect(list.experiments[0].best).toMatchObject({ name: 'loss', value: 1, goal: 'minimize' });
    const last = (await project.ok(['last'])).trim();
    expect(await project.ok(['logs', 'last'])).toBe('loss=6\nloss=4\nloss=2\n');
    expect(await project.ok(['logs', last.slice(0, 18)])).toBe('loss=6\nloss=4\nloss=2\n');
    expect(await project.ok(['status', last])).toMatch(/^lr-2/m);
    expect((await project.cli(['logs', '20010101-'])).code).toBe(2);
    expect(await project.ok(['logs', 'last~1'])).toBe('loss=3\nloss=2\nloss=1\n');
    expect(await project.ok(['describe', 'lr-2'])).toMatch(/^measures +loss 2\n +reward 2$/m);
  });

  slow(
    'logs, measures, output and describe know every run by its name, the older ones of a condition too',
    async () => {
      const older = project.runs.find((run) => run.includes('-lr-2-')) ?? '';
      await project.ok(['run', '-o', '--lr 2 --again']);
      await project.ok(['deploy', '--yes', '--wait', '--force', '--only', 'lr-2', '--snapshot']);
      const newer = project.runs.findLast((run) => run.includes('-lr-2-') && !run.includes('again')) ?? '';
      expect(newer).not.toBe(older);
      writeFileSync(project.run(older, 'data', 'logs', 'docker.txt'), 'of old\n');
      for (const name of [older, older.slice(0, 18), 'last~2', `${project.experiment}/runs/${older}/`]) {
        expect(await project.ok(['logs', name]), name).toBe('of old\n');
        expect(await project.json(['describe', name]), name).toMatchObject({ id: older });
        expect(await project.json(['output', name, '--list']), name).toMatchObject({ run: older });
        expect(await project.json(['measures', name, '--summary']), name).toEqual({ reward: 2 });
      }
      expect(await project.ok(['logs', older, '--tail', '1', '-f'])).toBe('of old\n');
      // Of several each line is named.
      const both = await project.ok(['logs', older, 'lr-2']);
      expect(both.split('\n')).toEqual([
        `${older} | of old`,
        ...['loss=6', 'loss=4', 'loss=2'].map((line) =>
          expect.stringMatching(`^lr-2-[0-9a-f]{10} \\| ${line}$`),
        ),
        '',
      ]);
      expect(await project.ok(['logs', older, '--failed'])).toBe('');
      const { code, stderr } = await project.cli(['logs', project.runs[0]?.slice(0, 4) ?? '']);
      expect({ code, stderr }).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('No condition is called'),
      });
      const several = await project.cli(['describe', '2026']);
      expect(several).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/\d runs begin with 2026[\s\S]*\n {2}/),
      });
    },
  );

  slow('shows a job that runs as it is now', async () => {
    project.setParameters({
      experiment_conditions: ['--lr 3'],
      experiment_command: 'HOLD=1 sh measure.sh',
      objective: 'loss',
      metrics: { loss: 'loss=(\\S+)' },
    });
    await project.ok(['deploy', '--yes', '--snapshot']);
    const id = await until(
      'it has printed all',
      () =>
        project.runs.find((run) => run.includes('-lr-3-') && project.saidBy(run).includes('loss=3\n')) ??
        null,
    );
    expect(JSON.parse(await project.ok(['history', '--where', 'lr=3']))[id]).toMatchObject({
      state: 'running',
      measures: { loss: 3, reward: 3 },
    });
    expect(await project.ok(['measures', id, '--series', 'log', '--csv'])).toBe('loss\n9\n6\n3\n');
    expect(await project.ok(['history', '--where', 'loss@2=6 and max loss=9', '--jsonl'])).toContain(id);
    const status = JSON.parse(await project.ok(['status', '--json'])) as {
      conditions: { run: string; measures: object }[];
    };
    expect(status.conditions.find(({ run }) => run === id)?.measures).toEqual({ loss: 3, reward: 3 });
    project.letGo(id);
    await project.ok(['status', '--watch']);
  });
});
