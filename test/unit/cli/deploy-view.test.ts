import { describe, expect, it } from 'vitest';
import {
  linesAfterLaunch,
  linesOfStatus,
  messageOf,
  nextLines,
  nothingToRun,
} from '../../../src/cli/deploy-view.js';
import { textOf } from '../../../src/cli/suggestions.js';
import type { OwnLine } from '../../../src/errors.js';
import { conditionFromText } from '../../../src/experiment/condition.js';
import type { RunState } from '../../../src/machines/job-state.js';
import type { Skip } from '../../../src/operations/deploy/plan.js';
import type { ExperimentStatus } from '../../../src/operations/look/rows.js';
import { deploymentOf, rowOf } from '../../support/deployments.js';

const then = '2026-11-20T12:10:00Z';

describe('--message', () => {
  it('is what was said, without blanks around it; nothing where nothing was', () => {
    expect([' why ', ' ', undefined].map(messageOf)).toEqual(['why', null, null]);
  });

  it('is refused where it would fill the receipts', () => {
    expect(messageOf('x'.repeat(1000))).toHaveLength(1000);
    expect(() => messageOf('x'.repeat(1001))).toThrow('at most 1000 characters; this one has 1001');
  });
});

const statusOf = (states: readonly RunState[], released: string | null): ExperimentStatus => ({
  deployment: deploymentOf([], [], { released }),
  live: states.includes('running'),
  conditions: states.map((state) => rowOf('a', { state })),
  silent: [],
});

const texts = (lines: readonly OwnLine[]) =>
  lines.map((line) => textOf(line, '').replace(/^logistician /, ''));

describe('N11: what is proposed', () => {
  const only = ['--only', 'a'];
  const again = 'deploy --retry-stopped --only a    # the 1 that was stopped';

  it.each([
    [['succeeded'], null, ['status', 'terminate']],
    [['succeeded'], then, ['status']],
    [['failed', 'lost'], null, ['status', 'logs --failed', 'deploy --retry-failed --only a', 'terminate']],
    [['stopped'], null, ['status', again, 'terminate']],
    [['stopped', 'failed'], then, ['status', 'logs --failed', 'deploy --retry-failed --only a', again]],
    [['stopped', 'running'], null, ['status --watch', again, 'terminate']],
  ] as const)('after %j, released %s: %j', (states, released, lines) => {
    expect(texts(nextLines(statusOf(states, released), only))).toEqual(lines);
  });

  it('N19: held jobs are started by another deploy, and there is nothing to watch', () => {
    const status = statusOf(['failed'], null);
    const waiting = rowOf('b', { state: 'pending' }, { held: { why: 'start', failures: 3 } });
    const held = { ...status, live: true, conditions: [...status.conditions, waiting] };
    const lines = [
      'logs --failed',
      'deploy --retry-failed',
      'deploy --commit cccccccccc    # starts the 1 that waits',
      'terminate',
    ];
    expect(texts(nextLines(held))).toEqual(['status', ...lines]);
    expect(texts(linesOfStatus(held))).toEqual(lines);
    expect(texts(linesAfterLaunch(held, [], []))).toEqual(['status', ...lines]);
  });

  it('names no deployment where there was none', () => {
    const none = { deployment: null, live: false, conditions: [], silent: [] };
    expect(texts(nextLines(none))).toEqual(['status', 'deploy']);
    expect(linesOfStatus(none)).toEqual([]);
  });

  it.each([
    [['running', 'succeeded'], null, []],
    [['running', 'stopped', 'stopped'], null, ['deploy --retry-stopped    # the 2 that were stopped']],
    [['succeeded'], then, []],
    [['failed'], then, ['logs --failed', 'deploy --retry-failed']],
  ] as const)('status with %j, released %s adds %j', (states, released, lines) => {
    expect(texts(linesOfStatus(statusOf(states, released)))).toEqual(lines);
  });

  it('is nothing to watch or to wait for where a deploy found nothing to run, and all have ended', () => {
    const shown = (states: readonly RunState[]) =>
      texts(linesAfterLaunch(statusOf(states, null), ['--commit', 'c'], []));
    expect(shown(['succeeded'])).toEqual(['status', 'terminate']);
    expect(shown(['running'])).toEqual([
      'status --watch',
      'logs -f',
      'deploy --wait --commit c',
      'terminate',
    ]);
  });

  it.each<[readonly Skip[], string]>([
    [['succeeded already', 'stopped'], 'Nothing to run. --retry-stopped runs stopped conditions again.'],
    [['not stopped'], 'Nothing to run: none of them was stopped.'],
    [['neither failed nor stopped'], 'Nothing to run: none of them has failed or was stopped.'],
  ])('N16: after a plan that skips %j: %s', (reasons, text) => {
    const skip = reasons.map((why) => ({ condition: conditionFromText(''), why }));
    expect(nothingToRun({ skip })).toBe(text);
  });
});
