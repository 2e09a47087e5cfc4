import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isMissing } from '../support/engines.js';
import { killHard, type StatusOutput, TestProject } from '../support/project.js';
import { random } from '../support/random.js';
import { until } from '../support/until.js';

/** More of them with LOGISTICIAN_SOAK_ROUNDS, for a soak; other ones with LOGISTICIAN_SOAK_SEED, which the name of a
 *  round has: with it and one round, that round is played again. */
const rounds = Number(process.env.LOGISTICIAN_SOAK_ROUNDS ?? 8);
const firstSeed = Number(process.env.LOGISTICIAN_SOAK_SEED ?? 1);

const lines = Array.from({ length: 20 }, (_, place) => `line ${place}`);
const whole = `${lines.join('\n')}\n`;

const job = `for n in $(seq 0 19); do echo "line $n"; sleep 0.05; done
`;

type Victim = 'cli' | 'runner' | 'container' | 'all';
const victims: readonly Victim[] = ['cli', 'runner', 'container', 'all'];

describe.skipIf(isMissing('docker', 'git'))('kill -9 at random moments', () => {
  let project: TestProject;

  beforeAll(async () => {
    project = new TestProject({
      files: { 'lines.sh': job },
      parameters: { experiment_command: 'sh lines.sh', experiment_conditions: ['a', 'b', 'c'] },
    });
    await project.ok(['build']);
  });
  afterAll(() => project.remove());

  const runners = () =>
    project.processes
      .filter((line) => /runner\.sh (work|run|adopt|begin|add|deliver)/.test(line))
      .map((line) => Number.parseInt(line, 10));

  function kill(victim: Victim): void {
    if (victim === 'runner' || victim === 'all') for (const pid of runners()) killHard(pid);
    const { containers } = project;
    if ((victim === 'container' || victim === 'all') && containers.length > 0) {
      const gone = victim === 'container' ? containers.slice(0, 1) : containers;
      try {
        execFileSync('docker', ['kill', ...gone], { stdio: 'ignore' });
      } catch {
        // It had ended by itself.
      }
    }
  }

  for (const seed of Array.from({ length: rounds }, (_, place) => firstSeed + place)) {
    const victim = victims[seed % victims.length] ?? 'cli';
    const moment = Math.round(random(seed) * 2500);
    it(`seed ${seed}: ${victim} after ${moment} ms`, async ({ onTestFailed }) => {
      // A soak is long: it tells of a round when it fails, and not at its own end.
      onTestFailed(({ task }) => console.error(`seed ${seed}:`, task.result?.errors?.[0]?.message));
      const earlier = new Set(project.runs);
      const cli = project.start(['deploy', '--yes', '--wait', '--force', '--slots', '2']);
      await new Promise((resolve) => setTimeout(resolve, moment));
      if (victim === 'cli' || victim === 'all') cli.signal('SIGKILL');
      kill(victim);
      await project.ok(['status']);
      await cli.ended.catch(() => {});

      // What was not delivered is delivered now; what was left is taken up again.
      await project.cli(['deploy', '--yes', '--wait', '--slots', '2']);
      const status = await until('the sweep has ended', async () => {
        const now = await project.json<StatusOutput>(['status']);
        return now.live ? null : now;
      });
      // One that was killed before it wrote anything down leaves what the round before has left.
      for (const { run, state } of status.conditions.filter((row) => !earlier.has(row.run ?? ''))) {
        if (state === 'succeeded')
          expect(project.readRun(run ?? '', 'data', 'logs', 'docker.txt')).toBe(whole);
        // Only what was killed itself may be anything else.
        else
          expect({ victim, state }).toEqual({
            victim: expect.stringMatching(/container|all/),
            state: expect.stringMatching(/failed|lost/),
          });
      }
      await project.ok(['terminate', '--yes']);
      await project.quiet();
    });
  }

  it('a run whose command line and runner were killed is taken up by status', async () => {
    const cli = project.start(['run', '--', 'orphan']);
    await cli.says('line 2');
    for (const pid of runners()) killHard(pid);
    cli.signal('SIGKILL');
    await cli.ended.catch(() => {});
    const id = project.runs.find((run) => run.includes('orphan')) ?? '';
    await project.ok(['status']);
    await until('it has ended', async () => {
      await project.ok(['status']);
      return project.receipt(id).state === 'succeeded';
    });
    expect(project.readRun(id, 'data', 'logs', 'docker.txt')).toBe(whole);
    await project.quiet();
  });
});
