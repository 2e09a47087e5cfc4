// Refuses the struck words of CONTRIBUTING.md (section "Words") in code, tests and docs. The table there is the only
// list: its first column has the word to use, its last one those that are not used for it.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

/** The folders and files that are checked. */
const rooms = [
  'src',
  'stacks',
  'templates',
  'bin',
  'bench',
  'test',
  'docs',
  'examples',
  'README.md',
  'CHANGELOG.md',
];

/** The struck words in the table of a text, in lower case, each with the word to use. */
export function struckWords(contributing) {
  const section = contributing.split(/^## /m).find((part) => part.startsWith('Words\n')) ?? '';
  const rows = [...section.matchAll(/^\| (.+?) \|.* \| (.+?) +\|$/gm)];
  return new Map(
    rows.flatMap(([, word, struck]) =>
      [...struck.matchAll(/~~(.+?)~~/g)].map(([, one]) => [one.toLowerCase(), word.trim()]),
    ),
  );
}

/** `PATH:LINE: WORD: use BETTER` for each struck word in a text, also where it is broken between lines of a comment. */
export function findStruck(path, text, words) {
  return [...words].flatMap(([word, better]) => {
    const pattern = word.split(' ').join(String.raw`(?:\s+(?:\*|\/\/|#)?\s*)`);
    return [...text.matchAll(new RegExp(String.raw`(?<![\w-])${pattern}(?![\w-])`, 'gi'))].map(
      ({ index }) => {
        const line = text.slice(0, index).split('\n').length;
        return `${path}:${line}: "${word}": use ${better}`;
      },
    );
  });
}

function main() {
  const words = struckWords(readFileSync('CONTRIBUTING.md', 'utf8'));
  if (words.size === 0) throw new Error('CONTRIBUTING.md has no table of words');
  const paths = execFileSync('git', ['ls-files', '-z', ...rooms], { encoding: 'utf8' }).split('\0');
  const found = paths
    .filter((path) => /\.(?:[cm]?[jt]s|json|sh|md|ya?ml)$|^bin\/\w+$/.test(path))
    .flatMap((path) => findStruck(path, readFileSync(path, 'utf8'), words));
  for (const line of found) console.log(line);
  process.exitCode = found.length > 0 ? 1 : 0;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main();
