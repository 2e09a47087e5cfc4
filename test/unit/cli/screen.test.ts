import { describe, expect, it } from 'vitest';
import { Screen } from '../../../src/cli/screen.js';

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
