import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cloud } from '../support/cloud/cloud.js';
import { atCloud, CloudProject } from '../support/cloud/cloud-project.js';
import { beyondPolicy } from '../support/cloud/policy.js';
import { digits, digitsImage, measures } from '../support/digits.js';
import { isMissing } from '../support/engines.js';
import { outputProblems } from '../support/output.js';
import type { Started, StatusOutput } from '../support/project.js';
import { until } from '../support/until.js';

// One project with the same sweep three times: on machines on demand, on spot machines, and here.
describe.skipIf(isMissing('moto', 'terraform', 'aws', 'docker', 'sshd', 'root', 'lfs'))('the digits', () => {
  let cloud: Cloud;
  let project: CloudProject;
  const folder = (name: string) => join(project.root, 'experiments', name);

  beforeAll(async () => {
    cloud = await Cloud.start({ machines: 6, images: [digitsImage()] });
    project = await CloudProject.start(cloud, { bare: true, files: { 'train.py': digits.program } });
    const create = (name: string, ...words: string[]) =>
      project.ok(['create', folder(name), '--name', `${project.name}-${name}`, '--yes', ...words]);
    const command = 'cp model.bin /data/results/ && python3 train.py --epochs 3 --seed 1';
    await create('demand', '--command', command, '--target', 'aws');
    project.repository.write({ 'experiments/demand/Dockerfile': digits.dockerfile });
    const learningRates = ['0.001', '0.01', '0.1'].map((rate) => `--optimizer adam --lr ${rate}`);
    const { environment } = digits;
    set('demand', { ...atCloud(cloud), experiment_conditions: learningRates, environment });
    await create('spot', '--base', folder('demand'));
    set('spot', { aws_spot: true, aws_max_price: 0.1 });
    await create('here', '--base', folder('demand'));
    project.repository.git('lfs', 'install', '--local');
    project.repository.write({ '.gitattributes': '*.bin filter=lfs -text\n', 'model.bin': 'large\n' });
    project.repository.commit('The digits');
    // The first time images are made.
  }, 600_000);
  afterAll(async () => {
    await project?.remove();
    await cloud?.remove();
  });

  function set(name: string, settings: Readonly<Record<string, unknown>>): void {
    const path = `experiments/${name}/parameters.json`;
    const before = JSON.parse(readFileSync(join(project.root, path), 'utf8')) as object;
    project.repository.write({ [path]: JSON.stringify({ ...before, ...settings }, null, 2) });
  }

  const start = (verb: string, name: string, ...words: string[]) =>
    project.start([verb, folder(name), ...words]);
  const well = async (started: Started) => {
    const { code, stdout, stderr } = await started.ended;
    expect(code, `${stdout}\n${stderr}\n${cloud.problems.join('\n')}`).toBe(0);
    return stdout;
  };
  const deploy = (name: string, ...words: string[]) => start('deploy', name, '--yes', ...words);
  const status = async (name: string) => {
    const now = await project.json<StatusOutput>(['status', folder(name)]);
    expect(outputProblems('status', now)).toEqual([]);
    return now;
  };
  const machinesOf = (name: string) => project.instances(`${project.name}-${name}`);
  const everyEpochOnce = (text: string) => {
    const lines = text.match(/^optimizer-adam-\S+ \| epoch [123]: loss/gm) ?? [];
    expect([lines.length, new Set(lines).size], text).toEqual([9, 9]);
  };

  it.concurrent('on demand, with logs -f before there are machines and until they are given back', async () => {
    const waiting = deploy('demand', '--target', 'aws', '--wait');
    await until('it is recorded', () => existsSync(join(folder('demand'), '.logistician/deployment.json')));
    const logs = start('logs', 'demand', '-f');
    await waiting.says('3 of 3 machines up');
    expect((await machinesOf('demand')).size).toBe(3);
    expect((await status('demand')).live).toBe(true);
    expect(await well(waiting)).toContain('3 of 3 ended: 3 succeeded');
    everyEpochOnce(await well(logs));
    expect((await machinesOf('demand')).size).toBe(0);
    await well(start('sync', 'demand'));
    expect(await well(start('terminate', 'demand', '--yes'))).toContain('nothing to terminate');
  });

  it.concurrent('on spot machines without --wait, with sync and terminate', async () => {
    await well(deploy('spot', '--target', 'aws'));
    expect((await machinesOf('spot')).size).toBe(3);
    everyEpochOnce(await well(start('logs', 'spot', '-f')));
    await well(start('sync', 'spot'));
    const { conditions } = await status('spot');
    expect(conditions.map(({ state }) => state)).toEqual(['succeeded', 'succeeded', 'succeeded']);
    await well(start('terminate', 'spot', '--yes'));
  });

  it('come out as they do here', async () => {
    await well(deploy('here', '--target', 'local', '--wait'));
    const receipts = (name: string) =>
      project.runsIn(folder(name)).map((id) => project.receiptIn(folder(name), id));
    const here = receipts('here');
    expect(here.map(({ target }) => target)).toEqual(['local', 'local', 'local']);
    for (const name of ['demand', 'spot']) {
      const there = receipts(name);
      expect(there.map(({ target }) => target)).toEqual(['aws', 'aws', 'aws']);
      for (const one of here) {
        const same = there.find(({ condition }) => condition === one.condition);
        expect(same).toMatchObject({
          state: 'succeeded',
          recipe: { source: { commit: one.recipe.source.commit } },
        });
        const run = join(folder(name), 'runs', same?.id ?? '');
        expect(measures(run)).toEqual(measures(join(folder('here'), 'runs', one.id)));
        expect(readFileSync(join(run, 'data/results/model.bin'), 'utf8')).toBe('large\n');
      }
    }
  });

  it('leave nothing at AWS', async () => {
    expect(await cloud.listAll()).toEqual([]);
    const launches = cloud.calls.filter(({ action }) => action === 'RunInstances');
    const told = (name: string) => launches.map(({ parameters }) => parameters.get(name)).sort();
    expect(told('InstanceMarketOptions.MarketType')).toEqual([null, null, null, 'spot', 'spot', 'spot']);
    // Large files need a program that images do not have.
    for (const userData of told('UserData'))
      expect(`${Buffer.from(userData ?? '', 'base64')}`).toContain('in git-lfs; do');
    expect(beyondPolicy(cloud)).toEqual([]);
  });
});
