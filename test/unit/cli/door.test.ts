import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { failureText, harmless } from '../../../src/cli/failure.js';
import { launchView } from '../../../src/cli/launch-view.js';
import { notifyOn } from '../../../src/cli/notify.js';
import { planView } from '../../../src/cli/plan-view.js';
import { progressRows } from '../../../src/cli/progress-rows.js';
import { Screen } from '../../../src/cli/screen.js';
import { makeSession } from '../../../src/cli/session.js';
import { statusView } from '../../../src/cli/status-view.js';
import { bold, cyan, dim, green, present, red, type Text, yellow } from '../../../src/cli/style.js';
import { suggested, textOf } from '../../../src/cli/suggestions.js';
import { table } from '../../../src/cli/table.js';
import { jsonText } from '../../../src/cli/text.js';
import { ownLine, UserError } from '../../../src/errors.js';
import type { DeployPlan } from '../../../src/operations/deploy/decide.js';
import type { Experiment } from '../../../src/operations/experiment.js';
import type { ExperimentStatus } from '../../../src/operations/look/rows.js';
import { command } from '../../../src/shell/command.js';
import { SshPool } from '../../../src/tools/ssh/pool.js';
import { actsOnTerminal, hostileSequences, hostileWords } from '../../support/hostile-words.js';
import { receiptOf } from '../../support/receipts.js';

const corpus = [...hostileSequences, ...hostileWords.filter((word) => word.length < 1000)];

function screenOn(isTTY: boolean) {
  const parts: string[] = [];
  const write = (text: string) => parts.push(text) > 0;
  const stream = { isTTY, columns: 80, rows: 24, write } as unknown as NodeJS.WriteStream;
  return { screen: new Screen(stream, {}), shown: () => parts.join('') };
}

const sessionOn = (screen: Screen, dryRun = false) =>
  makeSession({
    screen,
    ssh: new SshPool(),
    interrupt: new AbortController().signal,
    dryRun,
    verbosity: 'normal',
    config: { root: '', version: '' },
  });

const view = { width: 2000, height: 40, now: new Date('2026-11-20T12:10:00Z') };

/** A status whose every text is hostile. */
function statusOf(bad: string): ExperimentStatus {
  const record = receiptOf('--lr 1', { condition: bad, reason: bad as 'exit', state: 'failed' });
  const report = {
    folder: bad,
    state: null,
    orphan: true,
    full: true,
    lastLine: bad,
    measure: null,
    summary: { [bad]: 1, [`x${bad}`]: 0.5 },
  };
  const since = new Date('2026-11-20T12:00:00Z');
  const silent = { place: bad, since, problem: new UserError(bad), canStart: true };
  return {
    deployment: { commit: bad, target: bad, released: null } as never,
    live: true,
    conditions: [
      {
        condition: bad,
        given: { argv: [`--${bad}`, bad], parameters: '{}' },
        record: { ...record, machine: { ...record.machine, name: bad } },
        report,
        deployed: true,
        inFile: true,
        silent: null,
        held: null,
      },
      {
        condition: bad,
        given: { argv: [`--${bad}`, bad], parameters: '{}' },
        record,
        report,
        deployed: true,
        inFile: true,
        silent,
        held: null,
      },
    ],
    silent: [silent],
  };
}

/** A plan whose every text is hostile. */
function planOf(bad: string): Text {
  const experiment = {
    parameters: { experimentName: bad, maxHours: 1, code: null },
    project: { branch: bad },
    ...{ folder: '/experiment', path: bad, conditions: [] },
  } as unknown as Experiment;
  const offer = { place: { name: bad, slots: [bad] }, facts: {}, only: null, text: null };
  const plan = {
    pin: { commit: bad, snapshot: false, pushed: true },
    run: [{ id: bad, options: bad }],
    skip: [{ why: bad }],
    target: bad,
    message: bad,
    since: [
      { commit: bad, conditions: [], files: [bad], settings: [], run: bad },
      { commit: bad, conditions: [], files: null, settings: [bad], run: bad },
    ],
    offers: [offer, { ...offer, text: bad }],
    assigned: [offer],
    survey: { problems: [{ place: bad, problem: new UserError(bad) }], notes: [bad] },
    after: new Map(),
    moves: [{ job: { condition: bad, place: bad }, to: offer }],
    resumes: new Set([bad]),
    limits: {},
  } as unknown as DeployPlan;
  return planView(experiment, plan, 100);
}

const views: readonly (readonly [string, (bad: string) => Text])[] = [
  ['the status, wide', (bad) => statusView(statusOf(bad), view)],
  ['the status, narrow', (bad) => statusView(statusOf(bad), { ...view, width: 60 })],
  ['the status without a deployment', (bad) => statusView({ ...statusOf(bad), deployment: null }, view)],
  ['the plan of a deployment', planOf],
  [
    'machines on their way',
    (bad) =>
      launchView(new Map([[bad, { step: { failed: bad, refused: true }, since: 0 }]]), {
        ...view,
        now: 1000,
      }),
  ],
  ['a failure', (bad) => failureText(new UserError(bad, [bad, `logistician status ${bad}`]), null, 80)],
  ['a table', (bad) => table([{ head: bad }, { head: 'B' }], [[bad, green(bad)]], 30).text],
  ['what to do next', (bad) => textOf(ownLine('deploy', ['--only', bad], bad), bad)],
  ['a suggestion', (bad) => suggested([bad, ownLine('stop', [bad], bad)], bad).join('\n')],
  ['a finding', (bad) => [red('BAD '), `  ${bad.padEnd(14)} ${bad}`]],
  ['a prefix of a log', (bad) => [cyan(bad), ' ', dim('|'), ' ']],
  ['a bug', (bad) => `${harmless(new Error(bad)).stack}`],
  ['styles in styles', (bad) => bold([bad, yellow([bad, dim(bad)]), bad])],
];

describe('T15: one way to the screen, and it escapes', () => {
  it.each(views)('%s', (_, draw) => {
    for (const bad of corpus) {
      const plain = present(draw(bad), false);
      expect(actsOnTerminal(plain), bad).toBe(null);
      expect(plain, bad).not.toContain('\u001b');
      expect(actsOnTerminal(present(draw(bad), true)), bad).toBe(null);
      // No more colours than with a harmless text; a longer one may leave a column no room.
      const codes = (text: Text) => present(text, true).split('\u001b').length;
      if (bad.trim() !== '') expect(codes(draw(bad)), bad).toBeLessThanOrEqual(codes(draw('harmless')));
    }
  });

  it.each([true, false])('what goes on while a command works (at a terminal: %s)', async (isTTY) => {
    for (const bad of corpus) {
      const { screen, shown } = screenOn(isTTY);
      const notify = notifyOn(screen);
      notify.step(bad);
      notify.note(bad);
      notify.warn(bad);
      const session = sessionOn(screen, true);
      await session.executor.change(command('docker', 'run', '--env', bad));
      session.executor.journal.mention(bad);
      session.progress.onStdout?.(Buffer.from(`${bad}\n`));
      session.progress.onStderr?.(Buffer.from(bad));
      const live = await screen.live();
      live.show([bold(bad), bad], bad);
      notify.note(bad);
      live.done();
      const rows = await progressRows(screen);
      rows.show(bad, bad);
      rows.done();
      expect(actsOnTerminal(shown()), bad).toBe(null);
    }
  });

  it('no text makes a colour', () => {
    const any = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 30 }),
      fc
        .array(fc.constantFrom(...hostileSequences, '[31m', ']', '\u001b[', '\ue000'), { maxLength: 5 })
        .map((parts) => parts.join('')),
      fc
        .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 20 })
        .map((codes) => String.fromCharCode(...codes)),
    );
    const property = fc.property(any, any, (one, other) => {
      const shown = present([one, red(other), other], true);
      expect(shown.split('\u001b')).toHaveLength(3);
      expect(actsOnTerminal(shown)).toBe(null);
      expect(present([one, other], false)).not.toContain('\u001b');
      // Half of a pair is no character: jq and others would refuse all of it.
      const whole = [one, other].map((text) => text.replaceAll(/\p{Cs}/gu, '\ufffd'));
      expect(JSON.parse(jsonText([one, other]))).toEqual(whole);
      expect(actsOnTerminal(jsonText({ [one]: other }, 2))).toBe(null);
    });
    fc.assert(property, { numRuns: 300 });
  });

  it('there is no other way', () => {
    const src = fileURLToPath(new URL('../../../src/', import.meta.url));
    const ways = /process\.(?:stdout|stderr)\.write|console\.|'(?:inquirer|log-update|picocolors)'/g;
    const found = readdirSync(src, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts'))
      .flatMap((path) =>
        [...readFileSync(join(src, path), 'utf8').matchAll(ways)].map(([way]) => `${path} ${way}`),
      );
    expect(found.sort()).toEqual([
      // The result for people, and for programs.
      'cli/base-command.ts process.stdout.write',
      'cli/base-command.ts process.stdout.write',
      "cli/prompts.ts 'inquirer'",
      // Runs for programs, of which there may be many: JSON and CSV that were escaped.
      'cli/rows-out.ts process.stdout.write',
      "cli/screen.ts 'log-update'",
      "cli/style.ts 'picocolors'",
      // The job's own bytes: as they are, with a prefix, as JSON.
      'commands/logs.ts process.stdout.write',
      'commands/logs.ts process.stdout.write',
      'commands/logs.ts process.stdout.write',
      'commands/logs.ts process.stdout.write',
      // A verb that does not exist, to programs.
      'hooks/command-not-found.ts process.stdout.write',
    ]);
  });
});
