import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/errors.js';
import type { DeployRequest } from '../../../src/operations/deploy/request.js';
import type { Experiment } from '../../../src/operations/experiment.js';
import { type Deliver, deliverMissing } from '../../../src/operations/follow/reconcile.js';
import type { ExperimentStatus } from '../../../src/operations/look/rows.js';
import type { Session } from '../../../src/operations/session.js';
import { deploymentOf, jobOf, pending, rentedOf, rowOf } from '../../support/deployments.js';

const problem = { place: 'a', problem: new UserError('it cannot be reached') };
const refused = { ...problem, isFinal: true };

describe('what could not be delivered to a rented machine', () => {
  const deployment = deploymentOf([rentedOf('a')], [jobOf('a', 'a')]);
  const status: ExperimentStatus = {
    deployment,
    live: true,
    conditions: [rowOf('a', pending)],
    silent: [],
  };

  /** Follows for a day, with a look each ten seconds.
   *  @param answers of the tries, one after the other and again @returns how many real ones there were, and why no more */
  async function follow(...answers: Awaited<ReturnType<Deliver>>[]) {
    let now = 0;
    let asked = 0;
    let tries = 0;
    const session = { now: () => new Date(now), notify: { warn: () => {} } } as unknown as Session;
    const experiment = {
      deployments: { read: () => deployment },
      runs: { readOrNull: () => null },
    } as unknown as Experiment;
    const request = { maxMachines: null, keepFailed: false } as DeployRequest;
    const deliver: Deliver = async () => {
      const answer = answers[asked++ % answers.length] ?? null;
      if (answer) tries++;
      return answer;
    };
    const chore = deliverMissing(session, experiment, request, deliver);
    for (; now < 86_400_000; now += chore.every) {
      if (chore.due(status)) await chore.do(status);
      const why = chore.givenUp?.(status) ?? null;
      if (why !== null) return { tries, why };
    }
    return { tries, why: null };
  }

  it('is given up after eight tries', async () => {
    expect(await follow([problem])).toEqual({ tries: 8, why: 'it cannot be reached' });
    expect(await follow([refused])).toEqual({ tries: 1, why: 'it cannot be reached' });
  });

  it('is given up as well where looks come between the tries at which no place could take it', async () => {
    expect(await follow([problem], null)).toEqual({ tries: 8, why: 'it cannot be reached' });
    expect(await follow(null, null, [problem])).toEqual({ tries: 8, why: 'it cannot be reached' });
  });

  it('is not given up for looks alone, and a try that went well counts', async () => {
    expect(await follow(null)).toEqual({ tries: 0, why: null });
    expect((await follow([problem], [])).why).toBeNull();
  });
});
