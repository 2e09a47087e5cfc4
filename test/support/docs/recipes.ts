import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../project.js';
import { type Block, readPage } from './page.js';

/** What a page has for its readers to copy, for tests that do it elsewhere than where the page is played. */
export class Recipes {
  readonly #blocks: readonly Block[];

  constructor(page: string) {
    this.#blocks = readPage(readFileSync(join(packageRoot, page), 'utf8')).flatMap((event) =>
      event.kind === 'block' ? [event.block] : [],
    );
  }

  /** The block that is not played and has that text. @throws Error if it is not one */
  notPlayed(text: string): string {
    return this.#only(text, ({ lines, notPlayed }) => notPlayed !== undefined && has(lines, text));
  }

  /** What a reader writes into that file. @throws Error if it is not one block */
  file(path: string): string {
    return `${this.#only(path, ({ file }) => file === path)}\n`;
  }

  #only(what: string, fits: (block: Block) => boolean): string {
    const found = this.#blocks.filter(fits);
    if (found.length !== 1) throw new Error(`${found.length} blocks for ${what}`);
    return found[0]?.lines.join('\n') ?? '';
  }
}

const has = (lines: readonly string[], text: string): boolean => lines.some((line) => line.includes(text));
