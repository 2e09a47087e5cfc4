import { describe, expect, it } from 'vitest';
import { commandShown, programShown } from '../../../src/cli/commands-shown.js';
import { Screen } from '../../../src/cli/screen.js';

function screenOf(isTTY: boolean) {
  const parts: string[] = [];
  const write = (text: string) => parts.push(text) > 0;
  const stream = { isTTY, columns: 40, rows: 24, write } as unknown as NodeJS.WriteStream;
  return { screen: new Screen(stream, { NO_COLOR: '1' }), text: () => parts.join('') };
}

const line = '$ git -C /home/ada/project -c core.fsmonitor=false add --all -- .';

describe('N2: the commands that are issued', () => {
  it('have a row each on a terminal', () => {
    const { screen, text } = screenOf(true);
    commandShown(screen, 'normal')(line, 'command');
    expect(text()).toBe('$ git -C /home/…tor=false add --all -- .\n');
  });

  it('are whole where it is to be verbose, in lines to paste', () => {
    const { screen, text } = screenOf(true);
    commandShown(screen, 'verbose')(line, 'command');
    expect(text()).toBe('$ git -C /home/ada/project -c \\\n    core.fsmonitor=false add --all -- .\n');
  });

  it('are whole in a pipe, in a row each', () => {
    const { screen, text } = screenOf(false);
    for (const verbosity of ['normal', 'verbose'] as const) commandShown(screen, verbosity)(line, 'command');
    commandShown(screen, 'normal')("$ printf %s 'a\nb\n' | cat", 'command');
    expect(text()).toBe(`${line}\n${line}\n$ printf %s 'a\nb\n' | cat\n`);
  });

  it('are not shown where it is to be quiet, but a warning is', () => {
    const { screen, text } = screenOf(true);
    const show = commandShown(screen, 'quiet');
    show(line, 'command');
    show('# Lines are no longer kept', 'warning');
    expect(text()).toBe('# Lines are no longer kept\n');
  });
});

describe('N2: what a program prints', () => {
  const said = ['Step 1/2\nStep', ' 2/2\n', 'built\n'];
  const shown = (isTTY: boolean, verbosity: 'quiet' | 'normal' | 'verbose') => {
    const { screen, text } = screenOf(isTTY);
    const show = programShown(screen, verbosity);
    for (const part of said) show(part);
    return text();
  };

  it('passes by on a terminal', () => {
    expect(shown(true, 'normal').split('\r\u001b[K')).toEqual(['', '  Step 1/2', '  Step 2/2', '  built']);
  });

  it('is whole in a pipe, and where it is to be verbose; nothing where quiet', () => {
    for (const [isTTY, verbosity] of [
      [false, 'normal'],
      [true, 'verbose'],
    ] as const)
      expect(shown(isTTY, verbosity)).toBe(said.join(''));
    expect(shown(true, 'quiet')).toBe('');
  });
});
