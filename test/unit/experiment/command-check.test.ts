import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { commandProblem } from '../../../src/experiment/command-check.js';
import { withArguments } from '../../../src/shell/shell-text.js';
import { refusalOf } from './reading.js';

/** What the program `job` gets where the text runs as a job's command does, with these arguments. */
const given = (text: string): string =>
  execFileSync(
    'sh',
    ['-c', `job() { printf '<%s>' "$@"; }; trap : TERM INT; ${withArguments(text)}`, 'sh', '--lr', 'a b'],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  );

describe('L12: the arguments of a condition reach the job', () => {
  it.each([
    'job',
    ' job\n',
    'true && job',
    'cd /\njob',
    '# the small model\njob',
    'if false; then exit; fi; job',
    "x='it is # no comment' job",
    'job >&1',
    'job 2>/dev/null',
    'printf x | job',
    'f() { job "$@"; }; f',
    'echo "$(printf "%s" "it\'s")" >&2; job',
    'echo $((1 + (2 * 3))) "${HOME:-don\'t}" >/dev/null; job',
    'cat >/dev/null <<EOF\nit is "text" # of a document\nEOF\njob',
    // With the place named, what stands behind it may be anything.
    'job "$@" # the small model',
    'job "$@" && true',
    'job "$@" | cat',
    'job "$@" &\nwait',
    '{ job "$@"; }',
    '(cd / && job "$@")',
    'for i in 1; do job "$@"; done',
    'job ${1+"$@"}',
    'job "$1" "$2"',
    'echo "$(job "$@")"',
    'test $# -gt 0 && job "$@"',
  ])('accepted: %s', (text) => {
    expect(commandProblem(text)).toBe(null);
    expect(given(text).trim()).toBe('<--lr><a b>');
  });

  it.each<[string, string]>([
    [
      'job   # the small model',
      'ends in a comment, and arguments behind it are part of it: write "job \\"$@\\"   # the small model", or put the note into "experiment_command_comment".',
    ],
    [
      'job && echo done',
      'ends in "echo done", which alone would get the arguments: write "job \\"$@\\" && echo done".',
    ],
    ['job; true', 'ends in "true", which alone would get the arguments: write "job \\"$@\\"; true".'],
    [
      'cd src && job\ncp out.txt /data/results',
      'ends in "cp out.txt /data/results", which alone would get the arguments: write "cd src && job \\"$@\\"\\ncp out.txt /data/results".',
    ],
    [
      'job 2>&1 | tee log.txt',
      'ends in "tee log.txt", which alone would get the arguments: write "job 2>&1 \\"$@\\" | tee log.txt".',
    ],
    ['job &', 'ends in &, and arguments behind it would be a command of their own: write "job \\"$@\\" &".'],
    ['job;', 'ends in ;, and arguments behind it would be a command of their own: write "job \\"$@\\";".'],
    [
      'job &&',
      'ends in &&, and arguments behind it would be a command of their own: write "job \\"$@\\" &&".',
    ],
    ['(cd src && job)', 'ends in ), behind which no arguments can stand: write "$@" where they go.'],
    ['{ job; }', 'ends in }, behind which no arguments can stand: write "$@" where they go.'],
    ['while job; do :; done', 'ends in done, behind which no arguments can stand: write "$@" where they go.'],
    ['f() { job "$@"; }', 'ends in }, behind which no arguments can stand: write "$@" where they go.'],
    [
      'job <<EOF\nx\nEOF',
      'ends in a here-document, behind which no arguments can stand: write "$@" where they go.',
    ],
    ["job 'x", "has a quote ' that is not closed: no shell can read it."],
    ['job "$(x', 'has a substitution $( that is not closed: no shell can read it.'],
    ['job \\', 'ends in a backslash that escapes nothing: no shell can read it.'],
    [
      'job\u00a0--epochs 3',
      'holds a blank that is no space (U+00A0), often copied from a page: write a space, or put it in quotes.',
    ],
  ])('refused: %s', (text, problem) => {
    expect(commandProblem(text)).toBe(problem);
  });

  it.each(['job   # the small model', 'job && echo done', 'job 2>&1 | cat', 'job; true', 'job\ntrue'])(
    'the way to write it that is proposed is one: %s',
    (text) => {
      const proposed = JSON.parse(/write ("(?:[^"\\]|\\.)*")/.exec(commandProblem(text) ?? '')?.[1] ?? '""');
      expect(commandProblem(proposed)).toBe(null);
      expect(given(proposed).trim()).toMatch(/^<--lr><a b>(?:done)?$/);
    },
  );

  it('is said with its line', () => {
    expect(refusalOf('"experiment_command": "python3 train.py # small"')).toEqual([
      'p.json:2:23  experiment_command  ends in a comment, and arguments behind it are part of it: write "python3 train.py \\"$@\\" # small", or put the note into "experiment_command_comment".',
    ]);
  });
});
