import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readParameters } from '../../../src/experiment/parameters.js';
import {
  renameParameters,
  scaffoldDockerfile,
  scaffoldParameters,
} from '../../../src/experiment/scaffold.js';

const template = (file: string) =>
  readFileSync(new URL(`../../../templates/experiment/${file}`, import.meta.url), 'utf8');
const answers = {
  name: 'rnn-1',
  gitUrl: 'git@example.org:me/rnn.git',
  command: 'python3 "my train.py"',
  target: 'hosts' as const,
};

describe('scaffoldParameters', () => {
  const text = scaffoldParameters(template('parameters.json'), { ...answers, target: 'local' });

  it('holds the answers, and one condition that runs the command as it is', () => {
    expect(readParameters(text, 'p.json')).toMatchObject({
      experimentName: 'rnn-1',
      experimentCommand: 'python3 "my train.py"',
      projectGitUrl: 'git@example.org:me/rnn.git',
      target: 'local',
      conditions: [{ argv: [] }],
    });
  });

  it('is what a person would write: indented by two, a line break at the end', () => {
    expect(text.split('\n').slice(0, 4)).toEqual([
      '{',
      '  "experiment_name": "rnn-1",',
      '  "project_git_url": "git@example.org:me/rnn.git",',
      '  "experiment_command": "python3 \\"my train.py\\"",',
    ]);
    expect(text.endsWith('\n}\n')).toBe(true);
  });

  it('leaves the remote out where there is none', () => {
    const lines = scaffoldParameters(template('parameters.json'), { ...answers, gitUrl: null }).split('\n');
    expect(lines[2]).toBe('  "experiment_command": "python3 \\"my train.py\\"",');
    expect(lines.filter((line) => /git_url|^\s+$/.test(line))).toEqual([]);
  });

  it('explains a grid that works', () => {
    const comment = JSON.parse(text).experiment_grid_comment as string;
    const [grid] = comment.match(/"experiment_grid": \{.*\}/) ?? [''];
    const { conditions } = readParameters(`{"experiment_name": "e", ${grid}}`, 'p.json');
    expect(conditions).toHaveLength(4);
    expect(comment).toContain(conditions[0]?.options);
  });
});

describe('scaffoldDockerfile', () => {
  const imageFor = (command: string) =>
    scaffoldDockerfile(template('Dockerfile'), { ...answers, command }).match(/^FROM (.*)$/m)?.[1];

  it.each([
    ['python3 train.py', 'python:3-slim'],
    ['cd src && PYTHONPATH=. /usr/bin/python3.11 -m train', 'python:3-slim'],
    ['./train.py', 'python:3-slim'],
    ['Rscript fit.R', 'r-base'],
    ['julia fit.jl', 'julia'],
    ['node fit.js', 'node:lts-slim'],
    ['sh run.sh', 'debian:bookworm-slim'],
    ['grep -R x', 'debian:bookworm-slim'],
  ])('starts from what %s needs', (command, image) => {
    expect(imageFor(command)).toBe(image);
  });

  it('is FROM and comments, with nothing left to fill in', () => {
    const text = scaffoldDockerfile(template('Dockerfile'), { ...answers, name: 'a-$&-b' });
    expect(text).toContain('a-$&-b');
    expect(text).not.toMatch(/\{\{|\}\}/);
    expect(text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))).toEqual([
      'FROM python:3-slim',
    ]);
  });
});

describe('renameParameters', () => {
  const old = '\uFEFF{\r\n\t"lr_comment" : [1.0, 1e-3],\r\n "experiment_name":"old" , "max_hours": 2.50\r\n}';

  it('changes the name and nothing else', () => {
    expect(renameParameters(old, 'new')).toBe(old.replace('"old"', '"new"'));
  });

  it('adds a name where there was none', () => {
    expect(renameParameters('{"max_hours": 1}', 'new')).toBe('{\n  "experiment_name": "new","max_hours": 1}');
    expect(JSON.parse(renameParameters('{}', 'new'))).toEqual({ experiment_name: 'new' });
  });

  it('says where a text is no JSON', () => {
    expect(() => renameParameters('{"a": 1,}', 'new', 'old/parameters.json')).toThrow(
      'old/parameters.json:1:9  A comma may not stand before }: remove it.',
    );
  });
});
