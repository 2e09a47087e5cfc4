import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isMissing } from '../support/engines.js';
import { packageRoot, TestProject } from '../support/project.js';
import { slow } from '../support/slow.js';
import { Terminal } from '../support/terminal.js';

let project: TestProject;
let env: NodeJS.ProcessEnv;

beforeAll(() => {
  project = new TestProject({ parameters: { experiment_grid: { lr: [0.1, 0.01], name: ['two words'] } } });
  const dockerfile = `FROM scratch\n`;
  project.repository.write({
    'notes/read.me': '',
    'my experiments/first one/parameters.json': '{}',
    'my experiments/first one/Dockerfile': dockerfile,
  });
  const bin = join(project.scratch, 'bin');
  mkdirSync(bin);
  const path = join(bin, 'logistician');
  writeFileSync(path, `#!/bin/sh\nexec '${process.execPath}' '${join(packageRoot, 'bin', 'run.js')}' "$@"\n`);
  chmodSync(path, 0o755);
  env = { ...project.env, PATH: `${bin}:${process.env.PATH}`, TERM: 'dumb', PS1: '> ' };
});
afterAll(() => project.remove());

const interactive = {
  bash: { argv: ['bash', '--norc', '--noprofile', '-i'], load: 'eval "$(logistician completion bash)"' },
  zsh: {
    argv: ['zsh', '-f', '-i'],
    load: 'autoload -U compinit; compinit -u -D; eval "$(logistician completion zsh)"',
  },
} as const;

describe.each(['bash', 'zsh'] as const)('the Tab key in %s', (shell) => {
  describe.skipIf(isMissing(shell, 'git'))('at a terminal', () => {
    let screen: Terminal;

    beforeAll(async () => {
      const { argv, load } = interactive[shell];
      screen = new Terminal(argv, { cwd: project.root, env, columns: 200 });
      screen.enter(`${load}; echo loaded-$((1+1))`);
      await screen.shows('loaded-2');
    });
    afterAll(() => screen.kill());

    /** Types up to the Tab key, waits for what that makes of it, and takes the line away. */
    async function completes(line: string, completed: string): Promise<void> {
      screen.type(`${line}\t`);
      await screen.shows(completed);
      screen.type('\u0015');
    }

    it('completes verbs, flags, their values and experiments', async () => {
      await completes('logistician dep', 'logistician deploy ');
      await completes('logistician deploy --retry-f', 'logistician deploy --retry-failed ');
      await completes('logistician create --target ho', 'logistician create --target hosts ');
      await completes('logistician status ex', 'logistician status experiments/one');
      await completes('logistician create no', 'logistician create notes');
    });

    it.skipIf(shell === 'zsh')(
      'completes folders whose names have blanks, as words that the shell takes',
      async () => {
        await completes('logistician status my', String.raw`logistician status my\ experiments/first\ one`);
        await completes(
          String.raw`logistician conditions my\ experiments/fi`,
          String.raw`conditions my\ experiments/first\ one`,
        );
      },
    );

    it('completes conditions, of the experiment that is named or is here', async () => {
      await completes('logistician deploy experiments/one --only lr-0-01', '--only lr-0-01-name-two-words-');
      screen.enter('cd experiments/one; echo there-$((1+1))');
      await screen.shows('there-2');
      await completes('logistician logs lr-0-1', 'logistician logs lr-0-1-name-two-words-');
      await completes('logistician stop lr-0-1', 'logistician stop lr-0-1-name-two-words-');
      await completes('logistician run --condition lr-0-01', '--condition lr-0-01-name-two-words-');
    });

    slow(
      'N15: completes names of experiments, and conditions of one that is named, from anywhere',
      async () => {
        screen.enter('mkdir -p runs/sub; cd runs/sub; echo below-$((1+1))');
        await screen.shows('below-2');
        await completes('logistician logs lr-0-1', 'logistician logs lr-0-1-name-two-words-');
        await completes('logistician status e2e-', `logistician status ${project.name}`);
        await completes(
          `logistician stop ${project.name} lr-0-01`,
          `${project.name} lr-0-01-name-two-words-`,
        );
      },
    );
  });
});

describe.skipIf(isMissing('bash', 'git'))('completion in bash', () => {
  const offered = (...words: string[]) => {
    const call = 'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _logistician; echo $COMPREPLY';
    const script = `eval "$(logistician completion bash)"; ${call}`;
    return execFileSync('bash', ['-c', script, 'bash', ...words], { cwd: project.root, env })
      .toString()
      .trim();
  };

  slow('offers no flag of ours among the words of the job', () => {
    expect(offered('logistician', 'run', '--cl')).toBe('--clone');
    expect(offered('logistician', 'run', '--', '--cl')).toBe('');
    expect(offered('logistician', 'run', '--', 'ex')).toBe('');
  });
});

describe.skipIf(isMissing('fish', 'git'))('completion in fish', () => {
  const offered = (line: string, cwd = project.root) =>
    execFileSync(
      'fish',
      ['--no-config', '-c', `logistician completion fish | source; complete --do-complete '${line}'`],
      { cwd, env },
    )
      .toString()
      .trim()
      .split('\n')
      .map((offer) => offer.split('\t')[0]);

  slow('offers verbs, flags, values, experiments and conditions', () => {
    expect(offered('logistician dep')).toEqual(['deploy']);
    expect(offered('logistician deploy --retry-f')).toEqual(['--retry-failed']);
    expect(offered('logistician create --target ')).toEqual(['aws', 'hosts', 'local']);
    expect(offered('logistician status ex')).toEqual(['experiments/one']);
    expect(offered('logistician logs lr-0-01', project.experiment)).toEqual([
      expect.stringMatching(/^lr-0-01-name-two-words-[0-9a-f]{10}$/),
    ]);
  });
});

describe('logistician completion', () => {
  it('takes the shell of the person, and knows no other', async () => {
    expect(await project.ok(['completion'], { env: { SHELL: '/usr/bin/fish' } })).toMatch(/^complete -c/m);
    expect(await project.ok(['completion', 'zsh'])).toMatch(/^#compdef logistician\n/);
    const { code, stderr } = await project.cli(['completion', 'tcsh']);
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('not "tcsh"') });
  });
});
