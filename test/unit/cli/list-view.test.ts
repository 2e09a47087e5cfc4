import { describe, expect, it } from 'vitest';
import { listView } from '../../../src/cli/list-view.js';
import { present } from '../../../src/cli/style.js';
import type { Overview } from '../../../src/operations/look/overview.js';
import { deploymentOf } from '../../support/deployments.js';

const now = new Date('2026-11-20T12:00:00Z');
const view = { width: 80, now, from: '/p' };

const one = (name: string, changes: Partial<Overview> = {}): Overview => ({
  folder: `/p/experiments/${name}`,
  project: '/p',
  name,
  exists: true,
  deployment: {
    ...deploymentOf([], []),
    target: 'hosts',
    created: '2026-11-20T09:00:00Z',
    commit: '7aa06b9eeb00',
  },
  states: {},
  live: false,
  isOld: false,
  machines: [],
  runs: 0,
  lastRun: null,
  best: null,
  problem: null,
  ...changes,
});

const shown = (all: readonly Overview[], width = 80) => present(listView(all, { ...view, width }), false);

describe('list, at 80 columns', () => {
  const best = {
    name: 'accuracy',
    value: 0.953_712_345,
    goal: 'maximize',
    condition: 'a',
    run: 'r',
  } as const;
  const all = [
    one('rnn-1', { states: { succeeded: 6, failed: 2 }, best }),
    one('rnn-2', {
      states: { running: 2, pending: 1 },
      live: true,
      isOld: true,
      machines: [{ name: 'gpu1', rented: false }],
    }),
    one('cnn', { deployment: null, runs: 3, states: { succeeded: 3 } }),
    one('gone', { exists: false, states: { succeeded: 1 }, machines: [{ name: 'a-1', rented: true }] }),
    one('odd', { deployment: null, problem: 'The record of the deployment cannot be read: x.' }),
  ];

  it('says of each its state, what counts most first, and numbers whole', () => {
    const lines = shown(all).split('\n');
    expect(lines.slice(0, 4)).toEqual([
      expect.stringMatching(/^EXPERIMENT {2}STATE +BEST +DEPLOYED/),
      expect.stringMatching(/^rnn-1 +2 failed, 6 succeeded +accuracy 0\.953712345 +3h/),
      expect.stringMatching(/^rnn-2 +2 running, 1 pending +3h/),
      expect.stringMatching(/^cnn +3 runs, not deployed/),
    ]);
    expect(lines.slice(0, 6).filter((line) => line.length > 80)).toEqual([]);
  });

  it('says what is as it was last seen, what is still paid for, and what cannot be read', () => {
    expect(shown(all)).toContain(
      'Jobs on other machines are shown as last seen; `status` asks the machines.',
    );
    expect(shown(all)).toContain('gone has rented machines and no job: "terminate" ends their cost.');
    expect(shown(all)).toContain('The record of the deployment cannot be read: x.');
    expect(shown(all, 200)).toMatch(/gpu1 +experiments\/rnn-2$/m);
    expect(shown(all, 200)).toContain('experiments/gone (gone)');
  });
});
