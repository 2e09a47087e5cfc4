import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Attacker, following, looking, ofRuns, withEach } from '../support/attacker.js';
import { isMissing, isThorough } from '../support/engines.js';
import { actsOnTerminal } from '../support/hostile-words.js';
import { TestProject } from '../support/project.js';
import { until } from '../support/until.js';

/** It does what it can to all that it reaches, says so, and holds until it is let go. $1: what; $2: a folder of the
 *  person's; $3: a program that must never run. */
const job = `
victims=$2 program=$3
bad=$(printf '\\033]52;c;ZXZpbA==\\007\\033[2J')
go() { [ -e "/data/results/go" ] || [ -e /data/go ]; }
case $1 in
  --links)
    for name in logs measures project state config input; do
      rm -rf "/data/$name"
      ln -s "$victims" "/data/$name"
    done
    ln -s "$victims/precious" /data/results/precious
    ln -s / /data/results/all
    ;;
  --pipes)
    rm -rf /data/logs/* /data/state /data/project
    mkfifo /data/logs/docker.txt /data/logs/runner.txt /data/measures/summary.json /data/measures/train.jsonl
    mkfifo /data/results/pipe /data/state /data/project
    ;;
  --huge)
    truncate -s 600M /data/measures/summary.json
    truncate -s 600M /data/measures/train.jsonl
    seq -f "n%g.txt" 3000 | (cd /data/measures && xargs touch)
    ;;
  --words)
    printf '{"%s":1,"loss":"%s"}\\n' "$bad" "$bad" | sed 's/[[:cntrl:]]/\\\\u001b/g' >/data/measures/summary.json
    printf '{"%s":0.5}\\n' "$bad" >/data/measures/train.jsonl
    printf 1 >"/data/measures/$bad.txt"
    printf x >"/data/results/$bad"
    printf x >"/data/results/-rf"
    printf '%s\\n' "$bad"
    ;;
  --git)
    printf '[core]\\n\\tfsmonitor = %s\\n\\thooksPath = hooks\\n[filter "x"]\\n\\tclean = %s\\n' "$program" "$program" >>.git/config
    echo '* filter=x diff=x' >.git/info/attributes
    mkdir -p hooks .git/hooks
    for hook in post-checkout post-index-change reference-transaction pre-commit; do
      printf '#!/bin/sh\\n%s\\n' "$program" | tee hooks/$hook >.git/hooks/$hook
      chmod +x hooks/$hook .git/hooks/$hook
    done
    rm -rf .git/index
    mkfifo .git/index
    ln -s "$victims" linked
    echo changed >>job.sh
    ;;
esac
echo "holding $1"
until go; do sleep 0.5; done
echo "let go"
echo done >/data/results/rate.txt
`;

const kinds = ['links', 'words', 'git', ...(isThorough ? ['pipes', 'huge'] : [])];

/** A job is a stranger's code that was let in: it owns its folders, and nothing else. */
describe.skipIf(isMissing('docker', 'git'))('T3, T13, T14, T15: hostile jobs', () => {
  const attacker = new Attacker();
  let project: TestProject;

  beforeAll(async () => {
    const experiment_conditions = kinds.map((kind) => `--${kind} ${attacker.victims} ${attacker.program}`);
    project = new TestProject({
      files: { 'evil.sh': job },
      parameters: { experiment_command: 'sh evil.sh', experiment_conditions },
    });
    await project.ok(['deploy', '--yes', '--slots', String(kinds.length)]);
    for (const kind of kinds)
      await project.holding(`${kind}-`).catch(async ({ message }: Error) => {
        throw new Error(`${message}:\n${await project.ok(['status'])}`);
      });
  });
  afterAll(async () => {
    await project?.remove();
    attacker.remove();
  });

  const runOf = (kind: string) => project.runs.find((id) => id.includes(`-${kind}-`)) ?? '';
  /** All that is shown but the log of one job, which is its own, byte for byte. */
  const everyVerb = (verbs: readonly (readonly string[])[]) =>
    withEach(project, verbs, ([verb], { stdout, stderr }) => {
      attacker.expectNothingDone();
      if (verb !== 'logs') expect(actsOnTerminal(`${stdout}${stderr}`), verb).toBeNull();
    });
  /** All about its run; `clean` comes when nothing is looked at any more. */
  const aboutRun = (kind: string) =>
    ofRuns(runOf(kind), project.scratch).filter((words) => words.join(' ') !== 'clean --yes');
  const withoutEnd = looking.filter(([verb]) => verb !== 'stop' && verb !== 'terminate');

  it('while they run', async () => {
    await everyVerb([
      ...withoutEnd,
      ...kinds.map((kind) => ['logs', `${kind}-`]),
      ...(isThorough ? kinds : kinds.slice(0, 1)).flatMap((kind) => aboutRun(kind)),
      ['ssh', 'words-', '--', 'true'],
    ]);
    const { conditions } = await project.json(['status']);
    expect(conditions.map(({ state }) => state)).toEqual(kinds.map(() => 'running'));
  });

  it('when they have ended', async () => {
    for (const kind of kinds) execFileSync('touch', [project.run(runOf(kind), 'data', 'go')]);
    await until('all have ended', async () =>
      (await project.json(['status'])).conditions.every(
        ({ state }) => state === 'succeeded' || state === 'failed',
      ),
    );
    await everyVerb([...withoutEnd, ...following, ...kinds.map((kind) => ['logs', `${kind}-`])]);
    await everyVerb(kinds.flatMap((kind) => aboutRun(kind)));
    for (const kind of kinds) {
      expect(project.receipt(runOf(kind)), kind).toMatchObject({ state: 'succeeded', exit_code: 0 });
      expect(project.readRun(runOf(kind), 'data', 'results', 'rate.txt')).toBe('done\n');
      expect(await project.ok(['logs', `${kind}-`])).toContain(`holding --${kind}`);
    }
    expect(project.readRun(runOf('git'), 'data', 'project', 'job.sh')).toContain('changed');
  });

  it('once more, and at the end', async () => {
    await everyVerb([
      ['deploy', '--yes', '--force', '--only', 'words-'],
      ['stop', '--grace', '1'],
    ]);
    await project.ok(['terminate', '--yes', '--grace', '1']);
    await everyVerb([['clean', '--yes']]);
    expect(await project.json(['status'])).toMatchObject({ live: false });
    await project.quiet();
    expect(existsSync(join(project.home, '.logistician'))).toBe(true);
    attacker.expectNothingDone();
  });
});
