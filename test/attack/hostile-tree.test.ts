import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findState } from '../../src/runs/state-folder.js';
import { Attacker, following, looking, ofRuns, withEach } from '../support/attacker.js';
import { isMissing, isThorough, variants } from '../support/engines.js';
import { TestProject } from '../support/project.js';
import { receiptOf } from '../support/receipts.js';
import { slow } from '../support/slow.js';

const states = ['pending', 'fetching', 'building', 'running', 'succeeded', 'lost'] as const;

/** A tree as it comes from a stranger: by clone, by zip, by pull request. */
describe.skipIf(isMissing('docker', 'git'))('T2: a hostile tree', () => {
  let project: TestProject;
  let attacker: Attacker;

  beforeAll(async () => {
    project = new TestProject({ parameters: { experiment_conditions: ['--lr 1', '--lr 2'] } });
    await project.ok(['build']);
  });
  afterAll(async () => {
    await project.quiet();
    await project.remove();
  });
  beforeEach(() => {
    attacker = new Attacker();
  });
  afterEach(() => {
    attacker.expectNothingDone();
    attacker.remove();
    execFileSync('git', ['-C', project.root, 'clean', '-ffdxq']);
    execFileSync('git', ['-C', project.root, 'reset', '--hard', '--quiet']);
    rmSync(join(project.home, '.logistician'), { recursive: true, force: true });
  });

  const at = (...path: string[]) => join(project.experiment, ...path);
  const plant = (path: string, text: string, mode = 0o755) => {
    mkdirSync(dirname(at(path)), { recursive: true });
    writeFileSync(at(path), text, { mode });
  };
  const link = (target: string, path: string) => {
    mkdirSync(dirname(at(path)), { recursive: true });
    symlinkSync(target, at(path));
  };
  const fifo = (path: string) => {
    mkdirSync(dirname(at(path)), { recursive: true });
    execFileSync('mkfifo', [at(path)]);
  };
  // These read parameters.json alone: once is enough.
  const pure = new Set(['conditions', 'validate', 'build']);
  const everyVerb = (verbs: typeof looking = looking.filter(([verb = '']) => !pure.has(verb))) =>
    withEach(project, [...verbs, ...following, ['ssh', 'lr-1', '--', 'true']], () =>
      attacker.expectNothingDone(),
    );
  /** What begins jobs works, or is refused with a plain word. */
  const begins = () =>
    withEach(
      project,
      [
        ['run', '--', '--lr', '1'],
        ['deploy', '--yes', '--wait'],
        ['status'],
        ['logs'],
        ['terminate', '--yes'],
      ],
      () => attacker.expectNothingDone(),
    );

  /** All that a job's folder had in any version, each file of it a trap. */
  const plantRun = (state: (typeof states)[number], number: number) => {
    const id = `20261120-11335904${number}-lr-1-0123456789`;
    const { mark } = attacker;
    const open = !['succeeded', 'lost'].includes(state);
    const record = receiptOf('--lr 1', {
      id,
      condition: 'lr-1-0123456789',
      state,
      deployment: 'd-1',
      target: number % 2 ? 'local' : 'hosts',
      ...(open && { exit_code: null, started: null, finished: null }),
    });
    plant(`runs/${id}/run.json`, JSON.stringify(record));
    const job = { run: id, state, container: 'x', machine: 'y', boot: 'z', times: {}, exit_code: null };
    plant(`runs/${id}/state.json`, JSON.stringify(job));
    for (const name of ['job.sh', 'runner.sh', 'queue/runner.sh', 'queue/sweep-0.sh', 'commands.sh'])
      plant(`runs/${id}/${name}`, `${mark.call(attacker, name)}\n`);
    plant(`runs/${id}/owner`, `1 1 x y@z\n`);
    link(attacker.victims, `runs/${id}/data/logs`);
    link(attacker.victims, `runs/${id}/work`);
    plant(`runs/${id}/place`, `${attacker.victims}\n`);
    return id;
  };

  slow('L1: runs with scripts, said to be in every state', async () => {
    for (const [number, state] of states.entries()) plantRun(state, number);
    await everyVerb([...looking, ...ofRuns('last', project.scratch)]);
    await begins();
  });

  slow('a link in the place of a run, or of its data', async () => {
    const id = plantRun('succeeded', 1);
    for (const name of [`runs/${id}/data/measures`, `runs/${id}/data`, `runs/${id}`]) {
      rmSync(at(name), { recursive: true, force: true });
      link(attacker.victims, name);
      await everyVerb([...looking, ...ofRuns(id, project.scratch)]);
    }
    expect((await project.cli(['note', id, 'hello'])).stderr).toContain(`${id} is not a folder`);
  });

  slow('a deployment with its queue, as version 0.1 kept it', async () => {
    const runner = `#!/bin/sh\n${attacker.mark('runner')}\n`;
    for (const name of ['queue/runner.sh', 'queue/slots/1/x', 'runner.sh', 'commands.sh'])
      plant(`.logistician/${name}`, runner);
    const ways = { proxyCommand: attacker.program, address: 'x', host: 'x', port: 22, user: 'me' };
    for (const [target, schema] of [
      ['hosts', 1],
      ['local', 2],
    ] as const) {
      const place = {
        name: 'x',
        here: target === 'local',
        slots: ['-'],
        rented: null,
        own: ways,
        released: null,
      };
      const job = {
        run: plantRun('running', 1),
        condition: 'lr-1-0123456789',
        place: 'x',
        folder: at('.logistician'),
      };
      plant(
        '.logistician/deployment.json',
        JSON.stringify({
          schema,
          id: 'd-1',
          target,
          released: null,
          places: [place],
          jobs: [job],
          machines: [ways],
        }),
      );
      plant('.logistician/ssh_config', `Host *\n  ProxyCommand ${attacker.program}\n`);
      plant('.logistician/terraform/main.tf.json', provisioner());
      await everyVerb();
      rmSync(at('runs'), { recursive: true });
    }
  });
  const provisioner = () =>
    JSON.stringify({
      resource: { terraform_data: { x: { provisioner: [{ 'local-exec': { command: attacker.program } }] } } },
    });

  it('runs/ as a link out of the tree', async () => {
    link(attacker.victims, 'runs');
    await everyVerb();
    await everyVerb(ofRuns('last', project.scratch));
    rmSync(at('runs'));
    for (const target of variants(attacker.victims, '/nonexistent/there', attacker.victim)) {
      link(target, 'runs');
      await begins();
      rmSync(at('runs'));
    }
    link(attacker.victims, 'runs');
    expect((await project.cli(['run', '--', '--lr', '1'])).stderr).toContain(
      'runs is not a folder of the experiment',
    );
  });

  slow('.logistician as a link out of the tree', async () => {
    link(attacker.victims, '.logistician');
    await everyVerb();
    rmSync(at('.logistician'));
    for (const target of variants(attacker.victims, '/nonexistent/there', attacker.victim)) {
      link(target, '.logistician');
      await begins();
      rmSync(at('.logistician'));
    }
  });

  it('names of ours as links, FIFOs and huge files', async () => {
    const id = plantRun('succeeded', 1);
    const names = [
      ...[`runs/${id}/run.json`, `runs/${id}/data`, `runs/${id}/place`, `runs/${id}/state.json`],
      ...['runs/.index.jsonl', 'runs/.parameters', 'runs/.gitignore', '.logistician/deployment.json'],
      ...['.logistician/key', 'parameters.json'],
    ];
    const ways: readonly ((name: string) => void)[] = [
      (name) => link(attacker.victim, name),
      fifo,
      (name) => {
        plant(name, '');
        truncateSync(at(name), 2 ** 40);
      },
    ];
    for (const way of isThorough ? ways : ways.slice(1, 2)) {
      for (const name of names) {
        // git itself reads all of a huge one.
        const isGits = name === 'runs/.gitignore' && way === ways.at(-1);
        if (name === 'parameters.json' || isGits) continue;
        rmSync(at(name), { recursive: true, force: true });
        way(name);
      }
      await everyVerb();
      await everyVerb(ofRuns(id, project.scratch));
      const text = join(project.scratch, 'parameters.json');
      cpSync(at('parameters.json'), text);
      rmSync(at('parameters.json'));
      way('parameters.json');
      await withEach(project, [['status'], ['validate'], ['deploy', '--dry-run'], ['stop']], () => {});
      rmSync(at('parameters.json'));
      cpSync(text, at('parameters.json'));
    }
  });

  it('what git is told to run: fsmonitor, hooks, filters, ssh', async () => {
    const { program } = attacker;
    plant('../../.gitattributes', '* filter=trap diff=trap merge=trap\n');
    const config = {
      'core.fsmonitor': program,
      'core.sshCommand': program,
      'core.pager': program,
      'core.editor': program,
      'filter.trap.clean': program,
      'filter.trap.smudge': program,
      'filter.trap.process': program,
      'diff.trap.textconv': program,
      'diff.trap.command': program,
      'diff.external': program,
      'gpg.program': program,
      'credential.helper': `!${program}`,
      'log.showSignature': 'true',
      'alias.status': `!${program}`,
      'core.hooksPath': join(attacker.folder, 'hooks'),
    };
    const before = execFileSync('cat', [join(project.root, '.git', 'config')]).toString();
    try {
      for (const [key, value] of Object.entries(config)) project.repository.git('config', key, value);
      for (const hook of [
        'post-checkout',
        'reference-transaction',
        'post-index-change',
        'pre-commit',
        'pre-push',
      ]) {
        mkdirSync(join(attacker.folder, 'hooks'), { recursive: true });
        for (const folder of [join(attacker.folder, 'hooks'), join(project.root, '.git', 'hooks')]) {
          mkdirSync(folder, { recursive: true });
          cpSync(program, join(folder, hook));
        }
      }
      await everyVerb();
      await begins();
    } finally {
      writeFileSync(join(project.root, '.git', 'config'), before);
      execFileSync('rm', ['-rf', join(project.root, '.git', 'hooks')]);
      rmSync(join(project.root, '.gitattributes'), { force: true });
    }
  });

  slow('L1: links to the state of a live deployment, and to that of one whose folder is gone', async () => {
    const other = join(project.root, 'experiments', 'other');
    cpSync(project.experiment, other, { recursive: true });
    const parameters = { experiment_name: `${project.name}-2`, experiment_command: 'sh job.sh' };
    writeFileSync(
      join(other, 'parameters.json'),
      JSON.stringify({ ...parameters, experiment_conditions: ['--hold 1'] }),
    );
    project.repository.commit('Other');
    await project.ok(['deploy', '--yes'], { cwd: other });
    const state = findState(project.home, other, false).folder;
    for (const name of ['deployment.json', 'commands.sh', 'ssh_config', 'terraform'])
      link(join(state, name), `.logistician/${name}`);
    await everyVerb();
    const isLive = async () => (await project.json(['status'], { cwd: other })).live;
    expect(await isLive()).toBe(true);
    // Where the original has lost its own links, or its folder is away for a moment, a guess is as good as none.
    execFileSync('rm', ['-rf', join(other, '.logistician')]);
    await everyVerb();
    expect(await isLive()).toBe(true);
    execFileSync('mv', [other, `${other}-away`]);
    await everyVerb();
    execFileSync('mv', [`${other}-away`, other]);
    expect(await isLive()).toBe(true);
    await project.ok(['terminate', '--yes', '--grace', '1'], { cwd: other });
    expect(existsSync(at('runs'))).toBe(false);
    project.repository.git('reset', '--hard', '--quiet', 'HEAD~1');
  });
});
