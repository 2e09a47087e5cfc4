import { describe, expect, it } from 'vitest';
import { linesAtEnd } from '../../../src/cli/deploy-view.js';
import { textOf } from '../../../src/cli/suggestions.js';
import { deploymentOf, rowOf } from '../../support/deployments.js';

describe('linesAtEnd', () => {
  it.each([
    [['succeeded'], null, ['status', 'terminate']],
    [['succeeded'], '2026-11-20T12:10:00Z', ['status']],
    [['failed', 'lost'], null, ['logs', 'deploy --retry-failed --only a', 'status', 'terminate']],
    [['stopped'], null, ['deploy --commit cccccccccc --only a', 'status', 'terminate']],
    [
      ['stopped', 'failed'],
      '2026-11-20T12:10:00Z',
      ['logs', 'deploy --retry-failed --only a', 'deploy --commit cccccccccc --only a', 'status'],
    ],
  ] as const)('after %j, released %s: %j', (states, released, lines) => {
    const status = {
      deployment: deploymentOf([], [], { released }),
      live: released === null,
      conditions: states.map((state) => rowOf('a', { state })),
      silent: [],
    };
    const shown = linesAtEnd(status, ['--only', 'a']).map((line) => textOf(line, ''));
    expect(shown).toEqual(lines.map((line) => `logistician ${line}`));
  });
});
