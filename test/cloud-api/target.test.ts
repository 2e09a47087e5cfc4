import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readParameters } from '../../src/experiment/parameters.js';
import type { Deployment, Place } from '../../src/runs/deployment.js';
import { DeploymentStore, type LiveDeployment } from '../../src/runs/deployment-store.js';
import { Executor } from '../../src/shell/executor.js';
import { Journal } from '../../src/shell/journal.js';
import { AwsAccount } from '../../src/targets/aws/account.js';
import { AwsTarget } from '../../src/targets/aws/aws.js';
import { awsAt } from '../../src/targets/aws/place.js';
import { withApplied, withSshCidr } from '../../src/targets/aws/stack/plan.js';
import { AwsStack } from '../../src/targets/aws/stack/stack.js';
import type { TargetContext } from '../../src/targets/context.js';
import { SshAccess } from '../../src/targets/over-ssh/access.js';
import type { Bundle, CollectedJob, LaunchedJob, SurveyRequest } from '../../src/targets/target.js';
import { SshPool } from '../../src/tools/ssh/pool.js';
import { Cloud } from '../support/cloud/cloud.js';
import { atCloud } from '../support/cloud/cloud-project.js';
import { KeptProvider } from '../support/cloud/kept-provider.js';
import { isLeftOut } from '../support/engines.js';
import { scratchFolder } from '../support/repository.js';
import { makeKey } from '../support/sshd.js';

// The verbs of the target, each as a command of its own would call it, against the API alone: no machine answers.
describe.skipIf(isLeftOut('moto', 'terraform', 'aws', 'root'))('the verbs of target aws', () => {
  const scratch = scratchFolder();
  const home = join(scratch, 'home');
  const experiment = join(scratch, 'experiment');
  const before = { ...process.env };
  const lines: string[] = [];
  const notes: string[] = [];
  let cloud: Cloud;
  let provider: KeptProvider | null;

  beforeAll(async () => {
    for (const folder of [join(home, '.logistician'), experiment]) mkdirSync(folder, { recursive: true });
    makeKey(join(home, '.logistician', 'ssh-key'));
    cloud = await Cloud.start();
    // Nothing that the user who runs the tests says to AWS or Terraform.
    for (const name of Object.keys(before)) if (/^(AWS|TF)_/.test(name)) delete process.env[name];
    Object.assign(process.env, cloud.env, { HOME: home });
    provider = await KeptProvider.start(process.env);
    Object.assign(process.env, provider?.env);
  });
  afterAll(async () => {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
    await provider?.stop();
    await cloud?.remove();
    rmSync(scratch, { recursive: true, force: true });
  });

  const template = (name: string) =>
    fileURLToPath(new URL(`../../templates/machine/${name}`, import.meta.url));

  function contextOf(dryRun = false): TargetContext {
    return {
      executor: new Executor(new Journal((line) => lines.push(line)), dryRun),
      ssh: new SshPool(),
      deployments: new DeploymentStore(home, experiment, dryRun),
      runs: join(experiment, 'runs'),
      templates: {
        runner: template('runner.sh'),
        survey: template('survey.sh'),
        unneeded: template('unneeded.sh'),
        cloudInit: template('cloud-init.yaml'),
        idle: template('idle.sh'),
      },
      env: process.env,
      home,
      now: () => new Date(),
      note: (text) => notes.push(text),
      step: () => {},
    };
  }

  const parametersOf = (more: object = {}) =>
    readParameters(
      JSON.stringify({
        experiment_name: 'e1',
        experiment_conditions: ['--lr 1', '--lr 2'],
        ...atCloud(cloud),
        ...more,
      }),
      'parameters.json',
    );

  const surveyOf = (more: Partial<SurveyRequest> = {}): SurveyRequest => ({
    parameters: parametersOf({ tags: { team: 'vision' } }),
    hosts: null,
    trust: async () => false,
    slots: null,
    source: { largeFiles: false, sha256: false },
    conditions: ['lr-1', 'lr-2'],
    joins: null,
    undelivered: [],
    ...more,
  });

  const bundle = (): Bundle => ({
    source: { repository: experiment, commit: '', lfs: null, submodules: [] } as unknown as Bundle['source'],
    projectKey: 'p',
    transport: 'build',
    secrets: [],
    parameters: parametersOf(),
  });

  const deploymentOf = (places: readonly Place[]): Deployment => ({
    schema: 2,
    id: '20260101000000-abcdef',
    experiment: 'e1',
    experiment_path: 'experiments/one',
    target: 'aws',
    commit: '',
    source_id: '',
    created: '2026-01-01T00:00:00Z',
    released: null,
    places,
    docker: 'docker',
    parameters_file: '',
    jobs: places.map(({ name }) => ({
      run: `run-${name}`,
      condition: name,
      place: name,
      folder: `/x/run-${name}`,
    })),
  });

  const locked = <T>(
    work: (target: AwsTarget, live: LiveDeployment, context: TargetContext) => Promise<T>,
  ) => {
    const context = contextOf();
    return context.deployments.locked(
      (live) => work(new AwsTarget(context), live, context),
      () => {},
    );
  };
  const read = () => contextOf().deployments.read() as Deployment;
  const both = new Set(['run-lr-1', 'run-lr-2']);
  const ownOf = (deployment: Deployment) => deployment.places.map(awsAt);
  const collected = (began: boolean): CollectedJob[] =>
    read().jobs.map((job) => ({ ...job, whole: true, began }));
  const quiet = { only: null, progress: () => {} };

  it('survey offers a place for each condition, with the line of the plan', async () => {
    const { offers, problems, docker } = await new AwsTarget(contextOf()).survey(surveyOf());
    expect([problems, docker]).toEqual([[], 'docker']);
    expect(offers.map(({ only, text }) => [only, text])).toEqual([
      [
        'lr-1',
        expect.stringMatching(
          /^t3\.small \(2 CPUs, 2\.0 GiB\), on demand, in us-east-1, ami-\w+; each stops, /,
        ),
      ],
      ['lr-2', expect.anything()],
    ]);
    expect(offers[0]?.place).toMatchObject({
      here: false,
      slots: ['-'],
      rented: { exists: false },
      own: { ssh_cidr: null, tags: { team: 'vision' }, root: '/home/ubuntu/logistician', address: null },
    });
    await locked(async (_, live) => live.write(deploymentOf(offers.map(({ place }) => place))));
  });

  it('preview says what Terraform would create, and creates nothing', async () => {
    const { rental } = new AwsTarget(contextOf());
    const said = await rental?.preview(read(), new Set(['lr-1', 'lr-2']), new Set(), parametersOf());
    expect(said).toContain('aws_instance.lr-2');
    expect(await cloud.listAll()).toEqual([]);
  });

  it('launch says which machines AWS did not give, and writes it down through the lock alone', async () => {
    const fault = cloud.fault({ action: 'RunInstances', code: 'InsufficientInstanceCapacity' });
    const problems = await locked(async (target, live) => {
      const jobs = live.now.jobs.map((job) => ({ ...job, recipe: null }) as unknown as LaunchedJob);
      return target.launch(
        live,
        jobs,
        { ...bundle(), parameters: parametersOf({ aws_ssh_cidr: '198.51.100.7/32' }) },
        {},
      );
    });
    fault.end();
    expect(problems.map(({ place, problem }) => [place, problem.message])).toEqual(
      ['lr-1', 'lr-2'].map((name) => [
        name,
        expect.stringMatching(`^${name} was not created: InsufficientInstanceCapacity`),
      ]),
    );
    expect(ownOf(read())).toMatchObject([
      { instance: null, ssh_cidr: '198.51.100.7/32', refused: expect.stringMatching(/^InsufficientInst/) },
      { instance: null },
    ]);
    const { ended, silent } = await new AwsTarget(contextOf()).look(read(), both, 0);
    expect([ended.get('run-lr-1'), silent]).toEqual([{ state: 'failed', reason: 'capacity' }, []]);
    const {
      problems: none,
      arrived,
      lost,
    } = await new AwsTarget(contextOf()).collect(read(), collected(false), quiet);
    expect([none, arrived, lost]).toEqual([[], both, new Set()]);
  });

  it('what exists is asked of AWS first: one that is gone, one that has stopped', async () => {
    await locked(async (_, live, context) => {
      const access = new SshAccess(context.deployments, context.ssh, home);
      const stack = await AwsStack.open(context, new AwsAccount(), access, live.now);
      const launching = new Set(['lr-1', 'lr-2']);
      live.write(withApplied(live.now, await stack.apply(live, { launching }), launching));
    });
    const [one, two] = ownOf(read());
    expect(read().places.map(({ rented }) => rented)).toEqual([{ exists: true }, { exists: true }]);
    expect(one).toMatchObject({
      instance: expect.stringMatching(/^i-/),
      address: expect.any(String),
      refused: null,
    });
    await cloud.ec2.call('TerminateInstances', { 'InstanceId.1': one?.instance ?? '' });
    await cloud.ec2.call('StopInstances', { 'InstanceId.1': two?.instance ?? '' });
    const text = JSON.stringify(read());

    const target = new AwsTarget(contextOf());
    const { ended, silent, heard } = await target.look(read(), both, 0);
    expect([...ended]).toEqual([['run-lr-1', { state: 'lost', reason: 'gone' }]]);
    expect(silent).toMatchObject([{ place: 'lr-2', canStart: true }]);
    expect(heard.size).toBe(0);
    expect((await target.look(read(), new Set(['run-lr-1']), 0)).silent).toEqual([]);
    const began = await target.collect(read(), collected(true), quiet);
    expect([...began.lost]).toEqual(['run-lr-1']);
    expect(began.problems).toMatchObject([
      { place: 'lr-2', problem: { why: expect.stringContaining('is stopped') } },
    ]);
    const { problems, notEnded } = await target.stop(read(), both, 1);
    expect([problems.map(({ place }) => place), notEnded.size]).toEqual([['lr-2'], 0]);
    expect(JSON.stringify(read())).toBe(text);
  });

  it('F4: admit lets another address in, with the right to change the deployment, and once', async () => {
    const admitted = () => locked(async ({ rental }, live) => rental?.admit(live, null));
    expect(await admitted()).toBe(false);
    await locked(async (_, live) => live.write(withSshCidr(live.now, '203.0.113.0/24')));
    expect(await admitted()).toBe(true);
    expect(await admitted()).toBe(false);
    const rules = await cloud.ec2.list('DescribeSecurityGroupRules', 'securityGroupRuleSet/item');
    expect(rules.map((rule) => rule.get('cidrIpv4'))).toContain('203.0.113.0/24');
    const [, two] = ownOf(read());
    expect(two).toMatchObject({ instance: expect.stringMatching(/^i-/), address: expect.any(String) });
  });

  it('leaks are what no record is of, each with the line that ends it', async () => {
    const { rental } = new AwsTarget(contextOf());
    expect(await rental?.leaks(null, null)).toEqual([]);
    const record = read();
    rmSync(join(contextOf().deployments.folder, 'deployment.json'));
    const leaks = (await rental?.leaks(null, null)) ?? [];
    expect(leaks.map(({ kind }) => kind).sort()).toEqual(['instance', 'key pair', 'security group']);
    expect(leaks[0]).toMatchObject({ isOurs: true, remedy: expect.stringContaining('terminate-instances') });
    await locked(async (_, live) => live.write(record));
  });

  it('release ends those that are named, and with the last everything', async () => {
    const release = (...names: string[]) => locked((target, live) => target.release(live, new Set(names)));
    expect(await release()).toEqual([]);
    expect(await release('lr-1')).toEqual([]);
    expect((await cloud.ec2.live()).map(({ tags }) => tags['logistician.condition'])).toEqual(['lr-2']);
    await locked(async (_, live) => {
      const places = live.now.places.map((place) =>
        place.name === 'lr-1' ? { ...place, released: 'now' } : place,
      );
      live.write({ ...live.now, places });
    });
    expect(await release('lr-1', 'lr-2')).toEqual([]);
    expect(await cloud.listAll()).toEqual([]);
  });
});
