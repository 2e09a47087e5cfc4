import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Cloud } from '../support/cloud/cloud.js';
import { CloudProject } from '../support/cloud/cloud-project.js';
import { isMissing } from '../support/engines.js';
import { killHard, type Started } from '../support/project.js';
import { random } from '../support/random.js';

/** More of them with LOGISTICIAN_SOAK_ROUNDS, for a soak; other ones with LOGISTICIAN_SOAK_SEED, which the name of a
 *  round has: with it and one round, that round is played again. */
const rounds = Number(process.env.LOGISTICIAN_SOAK_ROUNDS ?? 20);
const firstSeed = Number(process.env.LOGISTICIAN_SOAK_SEED ?? 1);

const conditions = ['--lr 1', '--lr 2'];

const victims = [
  'the CLI',
  'Terraform',
  'the CLI and Terraform',
  'the CLI, Terraform and its provider',
] as const;
type Victim = (typeof victims)[number];

/** How many calls of the API a verb makes here at least, whatever the order of its work. */
const callsOf = { deploy: 50, terminate: 45 };

interface Round {
  readonly seed: number;
  readonly verb: keyof typeof callsOf;
  readonly victim: Victim;
  /** The call of the verb that it comes with, and so many milliseconds later. */
  readonly call: number;
  readonly later: number;
  /** Whether somebody deploys again before it is all ended. */
  readonly again: boolean;
}

function roundOf(seed: number): Round {
  const verb = seed % 5 < 3 ? 'deploy' : 'terminate';
  const draw = (place: number) => random(seed * 10 + place);
  return {
    seed,
    verb,
    victim: victims[Math.floor(draw(1) * victims.length)] ?? 'the CLI',
    call: 1 + Math.floor(draw(2) * callsOf[verb]),
    later: draw(3) < 0.5 ? 0 : Math.round(draw(4) * 3000),
    again: draw(5) < 0.25,
  };
}

const nameOf = ({ seed, verb, victim, call, later, again }: Round) =>
  `seed ${seed}: ${victim} ${later} ms after call ${call} of ${verb}${again ? ', then deploy' : ''}`;

// Most of a round is waiting.
vi.setConfig({ maxConcurrency: 8 });

// Against the API alone: machines would have to be waited for, and are not what is killed.
describe.skipIf(isMissing('moto', 'terraform', 'aws', 'root'))('kill -9 at random moments at AWS', () => {
  let cloud: Cloud;

  beforeAll(async () => {
    cloud = await Cloud.start();
  });
  afterAll(() => cloud?.remove());

  function kill(project: CloudProject, cli: Started, victim: Victim): void {
    const isAll = victim === 'the CLI, Terraform and its provider';
    if (isAll) cli.signal('SIGKILL');
    else if (victim !== 'Terraform') cli.signalAlone('SIGKILL');
    if (victim === 'the CLI') return;
    for (const { pid, program } of project.terraform)
      if (isAll || program === 'terraform') killHard(program === 'terraform' ? -pid : pid);
  }

  /** Conditions that have more than one machine now. */
  async function doubles(project: CloudProject): Promise<string[]> {
    const live = (await cloud.ec2.live()).filter(
      ({ tags }) => tags['logistician.experiment'] === project.name,
    );
    const names = live.map(({ tags }) => tags['logistician.condition'] ?? '');
    return names.filter((name, place) => names.indexOf(name) !== place);
  }

  async function play(round: Round): Promise<void> {
    const { verb, victim, call, later, again } = round;
    const project = await CloudProject.start(cloud, { parameters: { experiment_conditions: conditions } });
    const own = (action: string | RegExp) => ({
      action,
      when: ({ key }: { key: string }) => key === project.name,
    });
    const seen: Promise<string[]>[] = [];
    cloud.fault({ ...own('RunInstances'), meanwhile: () => seen.push(doubles(project)) });
    try {
      if (verb === 'terminate') {
        const deploy = await project.deployed();
        deploy.signal('SIGINT');
        await deploy.ended;
      }
      const words = verb === 'deploy' ? ['deploy', '--yes'] : ['terminate', '--yes', '--discard'];
      let cli: Started | undefined;
      const killed = new Promise<void>((resolve) => {
        const strike = () => {
          if (cli) kill(project, cli, victim);
          resolve();
        };
        cloud.fault({
          ...own(/./),
          after: call - 1,
          times: 1,
          meanwhile: () => setTimeout(strike, later),
        });
      });
      cli = project.start(words);
      const end = verb === 'deploy' ? project.untilUp(cli) : cli.ended.catch(() => {});
      await Promise.race([killed, end]);
      await end;
      cli.signal('SIGKILL');
      if (again) {
        const deploy = await project.deployed();
        seen.push(doubles(project));
        // What terminate has ended is lost, and not what deploy begins again by itself.
        const all = verb === 'deploy' ? ['lr-1', 'lr-2'] : expect.any(Array);
        expect([...(await project.instances()).keys()].sort(), deploy.stderr).toEqual(all);
        deploy.signal('SIGKILL');
      }
      const { code, stdout, stderr } = await project.cli(['terminate', '--yes', '--discard', '--grace', '0']);
      expect(code, `${stdout}\n${stderr}`).toBe(0);
      expect([...(await project.instances()).keys()], `${stdout}\n${stderr}`).toEqual([]);
      expect((await Promise.all(seen)).flat()).toEqual([]);
    } finally {
      await project.remove();
    }
  }

  for (const round of Array.from({ length: rounds }, (_, place) => roundOf(firstSeed + place)))
    it.concurrent(nameOf(round), async ({ onTestFailed }) => {
      // A soak is long: it tells of a round when it fails, and not at its own end.
      onTestFailed(({ task }) => console.error(`${nameOf(round)}:`, task.result?.errors?.[0]?.message));
      await play(round);
    });

  it('leaves nothing at AWS', async () => {
    expect(await cloud.listAll()).toEqual([]);
  });
});
