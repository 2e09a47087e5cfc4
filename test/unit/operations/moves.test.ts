import { describe, expect, it } from 'vitest';
import { withMoves } from '../../../src/operations/deploy/moves.js';
import { jobOf, offerOf } from '../../support/deployments.js';

const folderOf = ({ job, to }: { job: { run: string }; to: ReturnType<typeof offerOf> }) =>
  `/${to.place.name}/${job.run}`;

describe('withMoves', () => {
  const [a, b] = [jobOf('a', 'gpu1'), jobOf('b', 'gpu1')];
  const left = { place: 'gpu1', folder: a.folder };

  it('gives a job its new place and folder, and writes down where it may still be', () => {
    expect(withMoves([a, b], [{ job: a, to: offerOf('gpu2') }], folderOf)).toEqual([
      { ...a, place: 'gpu2', folder: '/gpu2/run-a', moved_from: [left] },
      b,
    ]);
  });

  it('remembers every place that it was moved from', () => {
    const [once = a] = withMoves([a], [{ job: a, to: offerOf('gpu2') }], folderOf);
    const [twice] = withMoves([once], [{ job: once, to: offerOf('gpu3') }], folderOf);
    expect(twice?.moved_from).toEqual([left, { place: 'gpu2', folder: '/gpu2/run-a' }]);
  });

  it('forgets one that it is given back to', () => {
    const [once = a] = withMoves([a], [{ job: a, to: offerOf('gpu2') }], folderOf);
    const [back] = withMoves([once], [{ job: once, to: offerOf('gpu1') }], folderOf);
    expect(back).toMatchObject({
      place: 'gpu1',
      folder: '/gpu1/run-a',
      moved_from: [{ place: 'gpu2', folder: '/gpu2/run-a' }],
    });
  });

  it('is nothing without moves', () => {
    expect(withMoves([a, b], [], folderOf)).toEqual([a, b]);
  });
});
