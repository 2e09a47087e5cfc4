import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { isSession, readPage } from '../../support/docs/page.js';
import { played } from '../../support/docs/pages.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const read = (page: string) => readFileSync(join(root, page), 'utf8');

const inDocs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' });
const pages = [
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  ...inDocs.filter((path) => path.endsWith('.md')).map((path) => `docs/${path}`),
].sort();

const blocksOf = (page: string) =>
  readPage(read(page)).flatMap((event) => (event.kind === 'block' ? [event.block] : []));

/** Made by docs/generate.js, and held to the code by reference.test.ts. */
const isGenerated = (page: string) => page.startsWith('docs/reference/');

describe('sessions in the docs', () => {
  // A page with one that is not played says in the page why, and counts it here.
  const notPlayed: Readonly<Record<string, number>> = {
    'README.md': 3,
    'docs/guide/aws.md': 5,
    'docs/guide/by-hand.md': 5,
    'docs/guide/coming-from.md': 3,
    'docs/guide/first-real-account.md': 2,
    'docs/guide/runs-as-data.md': 3,
    'docs/guide/what-happens-when.md': 3,
    'docs/guide/your-own-machines.md': 5,
  };

  it('are played, or say why not', () => {
    const playedPages: readonly string[] = [...played.here, played.onMachines];
    const counts = pages
      .filter((page) => !isGenerated(page))
      .map((page) => {
        const sessions = blocksOf(page).filter(isSession);
        const left = sessions.filter(
          ({ notPlayed: why }) => why !== undefined || !playedPages.includes(page),
        );
        expect(left.filter(({ notPlayed: why }) => !why).map(({ line }) => `${page}:${line}`)).toEqual([]);
        return [page, left.length] as const;
      });
    expect(Object.fromEntries(counts.filter(([, count]) => count > 0))).toEqual(notPlayed);
  });

  it('show something: no output is cut as a whole', () => {
    const empty = pages.flatMap((page) =>
      blocksOf(page)
        .filter(
          ({ language, lines, notPlayed: why }) =>
            language === 'console' && why === undefined && lines.join('\n').match(/^\$ .*\n…$/),
        )
        .map(({ line }) => `${page}:${line}`),
    );
    expect(empty).toEqual([]);
  });
});

describe('what the docs name', () => {
  const commands = new Map<string, readonly string[]>();
  const flagsOf = async (verb: string): Promise<readonly string[]> => {
    const known = commands.get(verb);
    if (known) return known;
    const { default: command } = (await import(`${root}src/commands/${verb}.ts`)) as {
      default: { readonly baseFlags: object; readonly flags: object };
    };
    const flags = [...Object.keys({ ...command.baseFlags, ...command.flags }), 'help', 'json', 'no-color'];
    commands.set(verb, flags);
    return flags;
  };
  const verbs = readdirSync(join(root, 'src/commands')).map((file) => file.replace('.ts', ''));

  it('verbs and flags exist', async () => {
    const wrong: string[] = [];
    for (const page of pages) {
      const inline = read(page).match(/(?<=`)logistician [^`\n]*/g) ?? [];
      const inBlocks = blocksOf(page).flatMap(({ lines }) => lines.map((line) => line.replace(/^\$ /, '')));
      for (const line of [...inline, ...inBlocks]) {
        const verb = /^logistician ([a-z]+)/.exec(line)?.[1];
        if (!verb) continue;
        if (['deplyo', 'help', 'version'].includes(verb)) continue;
        if (!verbs.includes(verb)) wrong.push(`${page}: ${line}`);
        else
          for (const [flag] of line.replace(/ -- .*| +#.*/, '').matchAll(/(?<= --)[a-z][a-z-]*/g))
            if (!['targt', 'lr'].includes(flag) && !(await flagsOf(verb)).includes(flag))
              wrong.push(`${page}: ${line}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  // On machines that are broken first; names and times in them are made up.
  it('sentences that no test plays are of the program', () => {
    const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts'))
      .map((path) => read(`src/${path}`).replaceAll(/\s+/g, ' '))
      .join('\n');
    const isOfProgram = (line: string) => {
      const words = line.trim().split(' ');
      return words.some(
        (_, at) => at + 4 <= words.length && sources.includes(words.slice(at, at + 4).join(' ')),
      );
    };
    const foreign = ['docs/guide/what-happens-when.md', 'docs/guide/your-own-machines.md'].flatMap((page) =>
      blocksOf(page)
        .filter(({ language, notPlayed }) => language === '' || (language === 'console' && notPlayed))
        .flatMap(({ lines }) => lines)
        .filter((line) => /^(?:Error|Not used|Left|\?|gpu\d (?!.*\d+s))/.test(line))
        .filter((line) => !isOfProgram(line)),
    );
    expect(foreign).toEqual([]);
  });

  it('links lead to files and headings that exist', () => {
    const slug = (heading: string) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\w\- ]/g, '')
        .replaceAll(' ', '-');
    const headings = (page: string) =>
      [...read(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => slug(heading));
    const broken = pages.flatMap((page) =>
      [...read(page).matchAll(/\]\((?!https?:)([^)\s]*)\)/g)].flatMap(([, link = '']) => {
        const [path = '', anchor] = link.split('#');
        const target = path === '' ? page : relative(root, join(root, dirname(page), path));
        const isThere =
          existsSync(join(root, target)) && (anchor === undefined || headings(target).includes(anchor));
        return isThere ? [] : [`${page}: ${link}`];
      }),
    );
    expect(broken).toEqual([]);
  });
});
