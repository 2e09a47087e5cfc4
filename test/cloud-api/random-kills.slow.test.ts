import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Cloud } from '../support/cloud/cloud.js';
import { CloudProject, type Victim, victims } from '../support/cloud/cloud-project.js';
import { isMissing } from '../support/engines.js';
import { random } from '../support/random.js';

/** Two moments are a round's: one of deploy, and one of terminate, which may end before it. More rounds with LOGISTICIAN_SOAK_ROUNDS, for a soak;
 *  other ones with LOGISTICIAN_SOAK_SEED, which the name of a round has: with it and one round, that round is played
 *  again. */
const rounds = Number(process.env.LOGISTICIAN_SOAK_ROUNDS ?? 4);
const firstSeed = Number(process.env.LOGISTICIAN_SOAK_SEED ?? 1);

const conditions = ['--lr 1', '--lr 2'];

/** How many calls of the API a verb makes here at least, in any order of its work. */
const callsOf = { deploy: 50, terminate: 45 };

interface Kill {
  readonly verb: keyof typeof callsOf;
  readonly victim: Victim;
  /** The call of the verb that it comes with, and so many milliseconds later. */
  readonly call: number;
  readonly later: number;
}

interface Round {
  readonly seed: number;
  readonly deploy: Kill;
  /** Whether a user deploys again before all is ended. */
  readonly again: boolean;
  readonly terminate: Kill;
}

function roundOf(seed: number): Round {
  const killOf = (verb: Kill['verb'], first: number): Kill => {
    const draw = (place: number) => random(seed * 10 + first + place);
    return {
      verb,
      victim: victims[Math.floor(draw(0) * victims.length)] ?? 'the CLI',
      call: 1 + Math.floor(draw(1) * callsOf[verb]),
      later: draw(2) < 0.5 ? 0 : Math.round(draw(3) * 3000),
    };
  };
  return { seed, deploy: killOf('deploy', 0), again: seed % 4 !== 0, terminate: killOf('terminate', 5) };
}

const wordsOf = ({ verb, victim, call, later }: Kill) =>
  `${victim} ${later} ms after call ${call} of ${verb}`;
const nameOf = ({ seed, deploy, again, terminate }: Round) =>
  `seed ${seed}: ${wordsOf(deploy)},${again ? ' deploy again,' : ''} ${wordsOf(terminate)}`;

// Most of a round is waiting.
vi.setConfig({ maxConcurrency: 8 });

// Against the API alone: machines would have to be waited for, and are not what is killed.
describe.skipIf(isMissing('moto', 'terraform', 'aws', 'root'))('kill -9 at random moments at AWS', () => {
  let cloud: Cloud;
  /** How many command lines were running when their moment came. */
  let struck = 0;

  beforeAll(async () => {
    cloud = await Cloud.start();
  });
  afterAll(() => cloud?.remove());

  /** Conditions that have more than one machine now. */
  async function doubles(project: CloudProject): Promise<string[]> {
    const live = (await cloud.ec2.live()).filter(
      ({ tags }) => tags['logistician.experiment'] === project.name,
    );
    const names = live.map(({ tags }) => tags['logistician.condition'] ?? '');
    return names.filter((name, place) => names.indexOf(name) !== place);
  }

  const own = (project: CloudProject, action: string | RegExp) => ({
    action,
    when: ({ key }: { key: string }) => key === project.name,
  });

  /** Starts the verb and kills, unless it has ended before. */
  async function strike(project: CloudProject, { verb, victim, call, later }: Kill): Promise<void> {
    let moment: Promise<void> | undefined;
    const fault = cloud.fault({
      ...own(project, /./),
      after: call - 1,
      times: 1,
      meanwhile: () => {
        moment = new Promise((resolve) => setTimeout(resolve, later)).then(() => {
          if (cli.isAtWork) struck++;
          project.kill(cli, victim);
        });
      },
    });
    const cli = project.start(verb === 'deploy' ? ['deploy', '--yes'] : ['terminate', '--yes', '--discard']);
    await (verb === 'deploy' ? project.untilUp(cli) : cli.ended.catch(() => {}));
    // What comes next is not its victim.
    fault.end();
    await moment;
    cli.signal('SIGKILL');
  }

  async function play({ deploy, again, terminate }: Round): Promise<void> {
    const project = await CloudProject.start(cloud, { parameters: { experiment_conditions: conditions } });
    const seen: Promise<string[]>[] = [];
    cloud.fault({ ...own(project, 'RunInstances'), meanwhile: () => seen.push(doubles(project)) });
    try {
      await strike(project, deploy);
      if (again) {
        const deploying = await project.deployed();
        seen.push(doubles(project));
        expect([...(await project.instances()).keys()].sort(), deploying.stderr).toEqual(['lr-1', 'lr-2']);
        deploying.signal('SIGKILL');
      }
      await strike(project, terminate);
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
    expect(struck).toBeGreaterThanOrEqual(rounds);
    console.log(`${struck} kills`);
    expect(await cloud.listAll()).toEqual([]);
  });
});
