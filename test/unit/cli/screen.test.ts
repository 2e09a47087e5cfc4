import { describe, expect, it } from 'vitest';
import { columnsOf, Screen } from '../../../src/cli/screen.js';

/** A stream that keeps what it is given. */
function streamOf(isTTY: boolean) {
  const parts: string[] = [];
  const write = (text: string) => parts.push(text) > 0;
  const stream = { isTTY, columns: 80, rows: 24, write } as unknown as NodeJS.WriteStream;
  return { stream, text: () => parts.join('') };
}

describe('a screen', () => {
  it('that can redraw keeps lines above the picture, whole ones only', async () => {
    const { stream, text } = streamOf(true);
    const screen = new Screen(stream, {});
    const live = await screen.live();
    live.show('picture one', '');
    screen.write('$ git push');
    expect(text()).not.toContain('git push');
    screen.write(' there\nand half');
    expect(text().match(/picture one/g)).toHaveLength(2);
    expect(text()).toMatch(/git push there\n[\s\S]*picture one/);
    live.done();
    expect(text()).toMatch(/and half$/);
    screen.write(' a line\n');
    expect(text()).toMatch(/and half a line\n$/);
  });

  it('shows one picture at a time', async () => {
    const { stream, text } = streamOf(true);
    const screen = new Screen(stream, {});
    const [outer, inner] = [await screen.live(), await screen.live()];
    inner.show('inner', 'inner');
    inner.done();
    outer.show('outer', 'outer');
    expect(text()).toContain('outer');
    expect(text()).not.toContain('inner');
  });

  it('that is a pipe has a line for what is new', async () => {
    const { stream, text } = streamOf(false);
    const live = await new Screen(stream, {}).live();
    for (const news of ['0 of 2', '0 of 2', '1 of 2']) live.show('a picture', news);
    live.done();
    expect(text()).toBe('0 of 2\n1 of 2\n');
  });
});

describe('a passing line', () => {
  it('is gone before anything else is written', () => {
    const { stream, text } = streamOf(true);
    const screen = new Screen(stream, { NO_COLOR: '1' });
    screen.pass('Step 1/3');
    screen.pass('Step 2/3');
    screen.write('done\n');
    screen.clear();
    expect(text()).toBe('\r\u001b[KStep 1/3\r\u001b[KStep 2/3\r\u001b[Kdone\n');
  });

  it('fits its row, and is nowhere else', () => {
    const { stream, text } = streamOf(true);
    new Screen(stream, { NO_COLOR: '1' }).pass('x'.repeat(200));
    expect(text()).toBe(`\r\u001b[K${'x'.repeat(78)}…`);
    const pipe = streamOf(false);
    new Screen(pipe.stream, {}).pass('Step 1/3');
    expect(pipe.text()).toBe('');
  });
});

describe('columnsOf', () => {
  it.each([
    ['a terminal', { isTTY: true, columns: 123 }, {}, 123],
    ['L30: a terminal of 0 columns', { isTTY: true, columns: 0 }, {}, 80],
    ['N1: a pipe', {}, {}, Number.POSITIVE_INFINITY],
    ['a pipe with COLUMNS', {}, { COLUMNS: '60' }, 60],
    ['a pipe with COLUMNS that is no number', {}, { COLUMNS: 'wide' }, Number.POSITIVE_INFINITY],
  ])('%s', (_, stream, env, columns) => {
    expect(columnsOf(stream, env)).toBe(columns);
  });
});
