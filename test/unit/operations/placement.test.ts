import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RunState } from '../../../src/machines/job-state.js';
import {
  loadOf,
  type Placing,
  patience,
  placementOf,
  waitingInVain,
} from '../../../src/operations/deploy/placement.js';
import {
  deploymentOf,
  jobOf,
  offerOf,
  pending,
  placeOf,
  rowOf,
  running,
  silenceOf,
} from '../../support/deployments.js';

const now = new Date('2026-11-20T12:10:00Z');
const ago = (milliseconds: number) => new Date(now.getTime() - milliseconds);

/** `a>gpu1 b>gpu2`, moves as `x:gpu1>gpu2`, and the slots of each offer as `gpu1*2`. */
function shown(changes: Partial<Placing>) {
  const placing = { offers: [], joins: null, rows: [], planned: [], now, ...changes };
  const { offers, assigned, moves } = placementOf(placing);
  return {
    assigned: assigned.map(({ place }, index) => `${placing.planned[index]}>${place.name}`).join(' '),
    moves: moves.map(({ job, to }) => `${job.condition}:${job.place}>${to.place.name}`).join(' '),
    slots: offers.map(({ place }) => `${place.name}*${place.slots?.length ?? '?'}`).join(' '),
  };
}

/** A deployment of one job at each of these places, which are `CONDITION@PLACE`. */
const joined = (...texts: string[]) => {
  const jobs = texts.map((text) => jobOf(...(text.split('@') as [string, string])));
  return deploymentOf(
    [...new Set(jobs.map(({ place }) => place))].map((name) => placeOf(name)),
    jobs,
  );
};

describe('placementOf: shared places', () => {
  it.each<[string, Partial<Placing>, string]>([
    ['one', { offers: [offerOf('gpu1', 2)], planned: ['a', 'b', 'c'] }, 'a>gpu1 b>gpu1 c>gpu1'],
    [
      'spread by slots, the first place first',
      { offers: [offerOf('gpu1', 1), offerOf('gpu2', 2)], planned: ['a', 'b', 'c'] },
      'a>gpu2 b>gpu1 c>gpu2',
    ],
    [
      'a scheduler counts as one slot',
      { offers: [offerOf('queue', null), offerOf('gpu1', 1)], planned: ['a', 'b'] },
      'a>queue b>gpu1',
    ],
    ['none', { offers: [], planned: ['a'] }, ''],
    ['nothing to run', { offers: [offerOf('gpu1')], planned: [] }, ''],
  ])('%s', (_, placing, assigned) => {
    expect(shown(placing).assigned).toBe(assigned);
  });

  it('what is running already counts, and what has ended does not', () => {
    const joins = joined('x@gpu1', 'y@gpu1', 'z@gpu2');
    const offers = [offerOf('gpu1', 1), offerOf('gpu2', 1)];
    const rows = [rowOf('x', running), rowOf('y', pending), rowOf('z', {})];
    expect(loadOf(joins, rows)).toEqual(new Map([['gpu1', 2]]));
    expect(shown({ offers, joins, rows, planned: ['a', 'b', 'c'] }).assigned).toBe('a>gpu2 b>gpu2 c>gpu1');
    // A run of `run` alone takes no slot of a place.
    const tried = rowOf('x', { ...running, id: 'run-tried' }, { deployed: false });
    expect(loadOf(joins, [tried])).toEqual(new Map());
    expect(loadOf(null, rows)).toEqual(new Map());
  });
});

describe('placementOf: places of one condition', () => {
  const offers = [offerOf('c', 1, 'c'), offerOf('a', 1, 'a'), offerOf('b', 1, 'b')];

  it('each condition goes to its own, in any order', () => {
    expect(shown({ offers, planned: ['a', 'b', 'c'] })).toMatchObject({ assigned: 'a>a b>b c>c', moves: '' });
  });

  it('no waiting job of another goes there', () => {
    const joins = joined('x@gone');
    const rows = [rowOf('x', pending, { silent: silenceOf('gone', ago(2 * patience)) })];
    expect(shown({ offers, joins, rows, planned: ['a'] })).toMatchObject({ assigned: 'a>a', moves: '' });
  });
});

describe('placementOf: waiting jobs of places that do not answer', () => {
  const offers = [offerOf('gpu1', 2), offerOf('gpu2', 2)];
  const joins = joined('x@gone', 'y@gone', 'z@gpu1');
  const silentFor = (state: Partial<{ state: RunState }>, milliseconds: number) =>
    rowOf('x', state, { silent: silenceOf('gone', ago(milliseconds)) });

  it.each<[string, ReturnType<typeof rowOf>, string]>([
    ['not before their place has been silent long enough', silentFor(pending, patience - 1), ''],
    ['go to others then', silentFor(pending, patience), 'x:gone>gpu1'],
    ['stay where the place answers', rowOf('x', pending), ''],
    ['that have begun may still run, and stay', silentFor(running, 10 * patience), ''],
    ['that are fetched stay too', silentFor({ ...running, state: 'fetching' }, 10 * patience), ''],
    ['that have ended stay', silentFor({}, 10 * patience), ''],
  ])('%s', (_, row, moves) => {
    expect(shown({ offers, joins, rows: [row] }).moves).toBe(moves);
    expect(waitingInVain(joins, [row], now).map(({ condition }) => condition)).toEqual(moves ? ['x'] : []);
  });

  it('come after the new ones, and are counted with them', () => {
    const rows = [
      silentFor(pending, patience),
      rowOf('y', pending, { silent: silenceOf('gone', ago(patience)) }),
      rowOf('z', running),
    ];
    expect(shown({ offers, joins, rows, planned: ['a'] })).toMatchObject({
      assigned: 'a>gpu2',
      moves: 'x:gone>gpu1 y:gone>gpu2',
    });
  });

  it('stay where no place answers', () => {
    expect(shown({ offers: [], joins, rows: [silentFor(pending, patience)] }).moves).toBe('');
  });
});

describe('placementOf: slots', () => {
  it.each<[string, Partial<Placing>, string]>([
    ['no more than there is work for', { offers: [offerOf('gpu1', 8)], planned: ['a', 'b'] }, 'gpu1*2'],
    ['one where there is none', { offers: [offerOf('gpu1', 8)], planned: [] }, 'gpu1*1'],
    [
      'as many as a place of the deployment has already',
      {
        offers: [offerOf('gpu1', 8)],
        joins: deploymentOf([placeOf('gpu1', { slots: ['-', '-', '-'] })], []),
      },
      'gpu1*3',
    ],
    [
      'for what is running and what is new',
      {
        offers: [offerOf('gpu1', 8)],
        joins: joined('x@gpu1', 'y@gpu1'),
        rows: [rowOf('x', running), rowOf('y', pending)],
        planned: ['a'],
      },
      'gpu1*3',
    ],
    ['a scheduler has none to trim', { offers: [offerOf('queue', null)], planned: ['a'] }, 'queue*?'],
  ])('%s', (_, placing, slots) => {
    expect(shown(placing).slots).toBe(slots);
  });

  it('keep their GPUs, the first ones', () => {
    const offer = offerOf('gpu1', 3);
    const gpus = { ...offer, place: { ...offer.place, slots: ['device=0', 'device=1', 'device=2'] } };
    const { offers, assigned } = placementOf({
      ...{ offers: [gpus], joins: null, rows: [], now },
      planned: ['a', 'b'],
    });
    expect(offers[0]?.place.slots).toEqual(['device=0', 'device=1']);
    expect(assigned).toHaveLength(2);
  });

  it('there are never more of than work, nor fewer than one', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 5 }),
        fc.nat(40),
        (counts, jobs) => {
          const offers = counts.map((count, index) => offerOf(`m${index}`, count));
          const planned = Array.from({ length: jobs }, (_, index) => `c${index}`);
          const placed = placementOf({ offers, joins: null, rows: [], planned, now });
          expect(placed.assigned).toHaveLength(jobs);
          for (const [index, { place }] of placed.offers.entries()) {
            const own = placed.assigned.filter((one) => one.place.name === place.name).length;
            expect(place.slots?.length).toBe(Math.max(1, Math.min(counts[index] ?? 0, own)));
          }
        },
      ),
    );
  });
});
