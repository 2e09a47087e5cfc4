import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/errors.js';
import { type EndingFacts, endingOf, outcomeOf } from '../../../src/operations/end/outcome.js';
import { withReleased } from '../../../src/runs/placement.js';
import type { PlaceProblem } from '../../../src/targets/target.js';
import { deploymentOf, jobOf, placeOf, rentedOf, rowOf, running } from '../../support/deployments.js';

const at = '2026-11-20T12:10:00Z';
const problem = (place: string): PlaceProblem => ({ place, problem: new UserError(`${place}: no`) });

/** Two hosts, the second with two jobs, and a rented machine. */
const deployment = deploymentOf(
  [placeOf('gpu1'), placeOf('gpu2'), rentedOf('m1')],
  [jobOf('a', 'gpu1'), jobOf('b', 'gpu2'), jobOf('c', 'gpu2'), jobOf('d', 'm1')],
);
const ended = ['a', 'b', 'c', 'd'].map((name) => rowOf(name, {}));
const names = (set: Iterable<string>) => [...set].sort().join(' ');

interface Case extends Partial<EndingFacts> {
  /** Places that could not be released. */
  readonly failed?: readonly PlaceProblem[];
}

/** All of it by names: what is released, and how it comes out. */
function end({ failed = [], ...changes }: Case) {
  const facts = {
    deployment,
    rows: ended,
    problems: [],
    chosen: null,
    discard: false,
    dryRun: false,
    ...changes,
  };
  const ending = endingOf(facts);
  const outcome = outcomeOf(ending, facts.deployment, failed, facts.discard);
  const after = withReleased(facts.deployment, outcome.isGone, at);
  const placesOf = (problems: readonly PlaceProblem[]) => names(problems.map(({ place }) => place));
  return {
    ready: names(ending.ready),
    gone: names(after.places.filter(({ released }) => released === at).map(({ name }) => name)),
    away: placesOf(outcome.away),
    rentedStill: placesOf(outcome.rentedStill),
    givenUp: placesOf(outcome.givenUp),
    released: after.released !== null,
  };
}

const nothing = { away: '', rentedStill: '', givenUp: '' };
const all = 'gpu1 gpu2 m1';
const open = (name: string) => ended.map((row) => (row.condition === name ? rowOf(name, running) : row));

describe('how a deployment ends', () => {
  it.each<[string, Case, Partial<ReturnType<typeof end>>]>([
    ['all is here', {}, { ...nothing, ready: all, gone: all, released: true }],
    [
      'something was not collected: its place is kept',
      { problems: [problem('gpu2')] },
      { ready: 'gpu1 m1', gone: 'gpu1 m1', away: 'gpu2', rentedStill: '', released: false },
    ],
    [
      'a rented place that keeps something stays rented',
      { problems: [problem('m1')] },
      { ready: 'gpu1 gpu2', gone: 'gpu1 gpu2', away: 'm1', rentedStill: '', released: false },
    ],
    [
      'a job did not end: its place is kept',
      { rows: open('b') },
      { ready: 'gpu1 m1', gone: 'gpu1 m1', away: 'gpu2', released: false },
    ],
    [
      'a dry run ended no job, and shows what would be released',
      { rows: open('b'), dryRun: true },
      { ...nothing, ready: all, gone: all, released: true },
    ],
    [
      'a place could not be released',
      { failed: [problem('gpu1')] },
      { ready: all, gone: 'gpu2 m1', away: 'gpu1', rentedStill: '', released: false },
    ],
    [
      'a rented place could not be given back',
      { failed: [problem('m1')] },
      { ready: all, gone: 'gpu1 gpu2', away: '', rentedStill: 'm1', released: false },
    ],
  ])('%s', (_, facts, expected) => {
    expect(end(facts)).toMatchObject(expected);
  });
});

describe('with --discard', () => {
  it.each<[string, Case, Partial<ReturnType<typeof end>>]>([
    [
      'a host is left as it is',
      { problems: [problem('gpu2')] },
      { ready: 'gpu1 m1', gone: all, ...nothing, givenUp: 'gpu2', released: true },
    ],
    [
      'what is rented is given back, whether it answers or not',
      { problems: [problem('m1')] },
      { ready: all, gone: all, ...nothing, givenUp: 'm1', released: true },
    ],
    [
      'a job that did not end is given up',
      { rows: open('d') },
      { ready: all, gone: all, ...nothing, givenUp: 'm1', released: true },
    ],
    [
      'a host that answers, and whose job did not end, is released: nothing runs on',
      { rows: open('b') },
      { ready: all, gone: all, ...nothing, givenUp: 'gpu2', released: true },
    ],
    [
      'a host that keeps results, and whose job did not end, is left as it is',
      { rows: open('b'), problems: [problem('gpu2')] },
      { ready: 'gpu1 m1', gone: all, ...nothing, givenUp: 'gpu2', released: true },
    ],
    [
      'what could not be given back is never given up: it costs',
      { problems: [problem('m1')], failed: [problem('m1')] },
      { gone: 'gpu1 gpu2', away: '', rentedStill: 'm1', released: false },
    ],
    [
      'a host that could not be released is given up',
      { failed: [problem('gpu1')] },
      { gone: all, ...nothing, givenUp: 'gpu1', released: true },
    ],
  ])('%s', (_, facts, expected) => {
    expect(end({ discard: true, ...facts })).toMatchObject(expected);
  });
});

describe('of chosen conditions', () => {
  it.each<[string, Case, Partial<ReturnType<typeof end>>]>([
    [
      'a place that has them alone goes',
      { chosen: new Set(['a']) },
      { ...nothing, ready: 'gpu1', gone: 'gpu1', released: false },
    ],
    [
      'one that has others stays',
      { chosen: new Set(['b']) },
      { ...nothing, ready: '', gone: '', released: false },
    ],
    ['one whose every job is chosen goes', { chosen: new Set(['b', 'c']) }, { ready: 'gpu2', gone: 'gpu2' }],
    [
      'others that run keep nothing',
      { chosen: new Set(['a']), rows: open('d') },
      { ...nothing, ready: 'gpu1', gone: 'gpu1' },
    ],
    [
      'with the last of them the deployment ends, and with it places without a job',
      {
        chosen: new Set(['a']),
        deployment: deploymentOf([placeOf('gpu1'), placeOf('idle')], [jobOf('a', 'gpu1')]),
      },
      { ready: 'gpu1 idle', gone: 'gpu1 idle', released: true },
    ],
    [
      'what was released before is not again',
      {
        deployment: deploymentOf(
          [placeOf('gpu1', { released: '2026-11-20T12:00:00Z' }), placeOf('gpu2')],
          [jobOf('a', 'gpu1'), jobOf('b', 'gpu2')],
        ),
      },
      { ready: 'gpu2', gone: 'gpu2', released: true },
    ],
  ])('%s', (_, facts, expected) => {
    expect(end(facts)).toMatchObject(expected);
  });
});
