import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isMissing, isThorough, variants } from '../support/engines.js';
import { data, Lab, output, signal, stateOf, type TestJob, type TestSweep, text } from '../support/lab.js';
import { slow } from '../support/slow.js';

const files = {
  'ok.sh': 'echo fine\n',
  // $1: what to put in the place of a log, $2: a folder of the person's.
  'log.sh': `
    cd /data/logs
    case $1 in
      link) ln -s "$2/file" docker.txt; ln -s "$2/new" runner.txt;;
      fifo) mkfifo docker.txt runner.txt build.txt;;
      folder) mkdir -p docker.txt/deep; chmod 0 docker.txt;;
      logs) cd /; rm -rf /data/logs; ln -s "$2" /data/logs;;
      empty) cd /; rm -rf /data/*;;
    esac
    echo said\n`,
  'project.sh': `echo more >> README
    case $1 in
      link) ln -s "$2" /data/project;;
      folder) mkdir /data/project; echo own > /data/project/own; ln -s "$2" /data/project.job;;
      inner) mkdir /data/project; ln -s "$2/file" /data/project/README;;
    esac\n`,
  'links.sh': `rm -rf tracked; ln -s "$1" tracked; mkdir out; ln -s "$1" out/to; ln -s "$1/file" out/file\n`,
  'git.sh': `
    printf '[core]\\n\\tfsmonitor = touch "%s"\\n\\thooksPath = hooks\\n' "$1" >> .git/config
    printf '[filter "x"]\\n\\tclean = touch "%s"; cat\\n' "$1" >> .git/config
    echo '* filter=x' > .git/info/attributes; touch README
    rm .git/HEAD .git/index; mkfifo .git/HEAD .git/index pipe .gitattributes
    mkdir -p inner/.git/refs inner/.git/objects; mkfifo inner/.git/HEAD; echo more >> README\n`,
  // A live tree: all of it is the job's.
  'tree.sh': `cd "runs/$1" && cd .. && mv "$1" elsewhere && ln -s "$2" "$1"; echo said\n`,
  'measures.sh': `cd /data/measures
    case $1 in
      fifo) mkfifo summary.json train.jsonl;;
      huge) truncate -s 600M summary.json; truncate -s 600M train.jsonl; echo '{"step":1}' >> train.jsonl;;
      link) ln -s "$2/file" summary.json; ln -s "$2/file" train.jsonl;;
      folder) cd ..; rm -r measures; ln -s "$2" measures;;
      many) seq -f 'n%g.txt' 5000 | xargs touch; mkdir -p a/b/c/d/e/f; echo 1 > a/b/c/d/e/f/deep;;
    esac\n`,
  'tracked/file': 'tracked\n',
  README: 'A project.\n',
};

describe.skipIf(isMissing('docker', 'git'))(
  'a job that would have the runner write or read elsewhere',
  () => {
    let lab: Lab;
    /** A folder of the person's, and what is in it. */
    let victim: string;

    beforeEach(() => {
      lab = new Lab(files, undefined, `it's "my" $HOME runs`);
      victim = join(lab.root, 'victim');
      mkdirSync(join(victim, 'source'), { recursive: true });
      mkdirSync(join(victim, 'data', 'logs'), { recursive: true });
      for (const file of [
        'file',
        'README',
        'state.json',
        'source/kept',
        'data/logs/docker.txt',
        'summary.json',
      ])
        writeFileSync(join(victim, file), '{"private":1}\n');
    });

    afterEach(() => lab.close());

    const listed = () => readdirSync(victim, { recursive: true }).map(String).sort();
    const unharmed = () => {
      expect(listed()).toEqual(
        [
          ...['README', 'data', 'data/logs', 'data/logs/docker.txt', 'file', 'source', 'source/kept'],
          ...['state.json', 'summary.json'],
        ].sort(),
      );
      for (const file of [
        'file',
        'README',
        'state.json',
        'source/kept',
        'data/logs/docker.txt',
        'summary.json',
      ])
        expect(readFileSync(join(victim, file), 'utf8')).toBe('{"private":1}\n');
    };
    const isFile = (path: string) => lstatSync(path).isFile();

    /** A job whose data are apart from its folder, as those of this computer's are. */
    async function addApart(sweep: TestSweep, run: string, argv: readonly string[], work: string) {
      const job = sweep.job(run);
      await sweep.deliver([{ folder: job.folder, script: sweep.jobPart(job, argv, work) }]);
      return job;
    }

    async function endOf(sweep: TestSweep, job: TestJob) {
      const next = await sweep.add('next', ['none', victim]);
      await sweep.begin();
      const state = await sweep.ended(job);
      await sweep.ended(next);
      await sweep.isFree();
      return state;
    }

    it.each(variants('fifo', 'link', 'folder', 'logs', 'empty'))(
      'T3, T14, L13: puts a %s where its log is: the log is whole, and nothing else was written',
      async (kind) => {
        const sweep = await lab.sweep('sh log.sh');
        const job = await sweep.add('log', [kind, victim]);
        expect(await endOf(sweep, job)).toMatchObject({ state: 'succeeded', exit_code: 0 });
        expect(isFile(data(job, 'logs', 'docker.txt'))).toBe(true);
        expect(text(job, 'logs', 'docker.txt')).toBe('said\n');
        expect((await sweep.verb(['log', job.folder, '0'])).stdout).toBe('said\n');
        expect(existsSync(join(job.folder, 'logs'))).toBe(false);
        unharmed();
      },
    );

    it.each(variants('link', 'folder', 'inner'))(
      'T3: makes data/project a %s: its changes are there, and nowhere else',
      async (kind) => {
        const sweep = await lab.sweep('sh project.sh');
        const job = await sweep.add('project', [kind, victim]);
        expect(await endOf(sweep, job)).toMatchObject({ state: 'succeeded', kept: 'copied' });
        expect(isFile(data(job, 'project', 'README'))).toBe(true);
        expect(text(job, 'project', 'README')).toBe('A project.\nmore\n');
        expect(readdirSync(data(job, 'project'))).toEqual(['README']);
        if (kind === 'folder') expect(text(job, 'project.job.job', 'own')).toBe('own\n');
        unharmed();
      },
    );

    slow(
      'T3: leaves links in its checkout: they are kept as links, and what they lead to is not read',
      async () => {
        const sweep = await lab.sweep('sh links.sh');
        const job = await sweep.add('links', [victim]);
        expect(await endOf(sweep, job)).toMatchObject({ state: 'succeeded', kept: 'copied' });
        expect(readlinkSync(data(job, 'project', 'tracked'))).toBe(victim);
        expect(readlinkSync(data(job, 'project', 'out', 'to'))).toBe(victim);
        expect(readlinkSync(data(job, 'project', 'out', 'file'))).toBe(join(victim, 'file'));
        unharmed();
      },
    );

    it('T3, T14: fills its .git with programs and FIFOs: none is run or opened', async () => {
      const sweep = await lab.sweep('sh git.sh');
      const job = await sweep.add('git', [join(victim, 'ran')]);
      expect(await endOf(sweep, job)).toMatchObject({ state: 'succeeded', kept: 'copied' });
      expect(text(job, 'project', 'README')).toBe('A project.\nmore\n');
      unharmed();
    });

    it('T2, T3: has its data apart from what controls it: no container sees that', async () => {
      const sweep = await lab.sweep(
        'ls -A /data / > /data/results/list; cat /project/../job.sh 2>&1; echo said',
      );
      const work = join(lab.root, 'apart', 'run');
      const job = await addApart(sweep, 'apart', [], work);
      expect(await endOf(sweep, job)).toMatchObject({ state: 'succeeded' });
      expect(readFileSync(join(work, 'data', 'logs', 'docker.txt'), 'utf8')).toContain('said\n');
      expect(readdirSync(work).sort()).toEqual(['data', 'state.json']);
      expect(JSON.parse(readFileSync(join(work, 'state.json'), 'utf8'))).toEqual(stateOf(job));
      expect(realpathSync(join(job.folder, 'data'))).toBe(realpathSync(join(work, 'data')));
      expect(output(job)).toContain('said\n');
      expect(await sweep.report(job)).toMatchObject({ lastLine: 'said', state: { state: 'succeeded' } });
      expect(existsSync(join(job.folder, 'job.sh'))).toBe(true);
    });

    slow(
      'T3: moves its folder in the live tree away, and puts a link there: nothing follows it',
      async () => {
        const tree = join(lab.root, 'tree');
        mkdirSync(tree);
        writeFileSync(join(tree, 'tree.sh'), files['tree.sh']);
        const sweep = await lab.sweep('sh tree.sh', { source: null, container: { project: tree } });
        const job = await addApart(sweep, 'live', ['live', victim], join(tree, 'runs', 'live'));
        await sweep.begin();
        await sweep.isFree();
        expect(stateOf(job)).toMatchObject({ state: 'succeeded' });
        expect((await sweep.verb(['log', job.folder, '0'])).stdout).toBe('said\n');
        expect((await sweep.verb(['offset', job.folder, 'tail', '1'])).stdout).toBe('0\n');
        expect(await sweep.report(job)).toMatchObject({ lastLine: 'said', summary: null });
        unharmed();
      },
    );

    it.each<[string, string[]]>([
      ['fifo', []],
      ['huge', [`summary-too-large ${600 * 2 ** 20}`, 'measure {"step":1}']],
      ...(isThorough ? ['link', 'folder', 'many'] : []).map((kind): [string, string[]] => [kind, []]),
    ])('T13: measures that are a %s block no report', async (kind, lines) => {
      const sweep = await lab.sweep('sh measures.sh');
      const job = await sweep.add('measures', [kind, victim]);
      expect(await endOf(sweep, job)).toMatchObject({ state: 'succeeded' });
      const { stdout } = await sweep.verb(['report', sweep.queue], `${job.folder}\n`);
      const said = stdout.split('\n').filter((line) => /^(summary|measure)/.test(line));
      expect(said.map((line) => line.replace(/ +/, ' ')).sort()).toEqual([...lines].sort());
      unharmed();
    });

    slow('T3: has left links where another look would read a log: they are not followed', async () => {
      const sweep = await lab.sweep('sh ok.sh');
      const job = await sweep.run('over');
      rmSync(data(job, 'logs'), { recursive: true });
      signal(job, 'x');
      const link = await sweep.lab.connection.query({ argv: ['ln', '-s', victim, data(job, 'logs')] });
      expect(link.code).toBe(0);
      writeFileSync(join(victim, 'docker.txt'), 'private\n');
      expect((await sweep.verb(['log', job.folder, '0'])).stdout).toBe('');
      rmSync(join(victim, 'docker.txt'));
      unharmed();
    });
  },
);
