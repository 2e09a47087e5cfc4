/** What is another each time, as it stands in a page. What has a name is bound: the page has to mean the same by it in all
 *  places, commands included. */
const volatile = new RegExp(
  [
    String.raw`(?<stamp>\b\d{8}-\d{9}(?!\d))`,
    String.raw`(?<deployment>\b\d{14}-[0-9a-f]{6}\b)`,
    String.raw`(?<image>\bsha256:[0-9a-f]{64}\b)`,
    // The hash of a condition has a dash before it, and is the same each time.
    String.raw`(?<commit>(?<![-\w])(?:[0-9a-f]{40}|[0-9a-f]{10})\b)`,
    String.raw`(?<time>\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::[\d.]+)?Z?)`,
    String.raw`(?<duration>(?<![\w.-])<?\d+(?:\.\d+)?(?:ms|s|m|h|d)(?: \d+s)?(?!\w))`,
    String.raw`(?<machine>(?<=^machines +)[\w.-]+, \d+ slots?)`,
    '(?<gap> {2,}| +$)',
    // What is drawn over it may hide it.
    String.raw`(?<interrupt>^\^C)`,
    '(?<cut>…)',
  ].join('|'),
  'g',
);

const shapes: Readonly<Record<string, string>> = {
  stamp: String.raw`(\d{8}-\d{9})`,
  deployment: String.raw`(\d{14}-[0-9a-f]{6})`,
  image: '(sha256:[0-9a-f]{64})',
  time: String.raw`\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::[\d.]+)?Z?`,
  duration: String.raw`<?\d+(?:\.\d+)?(?:ms|s|m|h|d)(?: \d+s)?`,
  machine: String.raw`[\w.-]+, \d+ slots?`,
  gap: ' *',
  interrupt: String.raw`(?:\^C)?`,
  cut: '.*',
};
const bound = new Set(['stamp', 'deployment', 'image', 'commit']);

const escaped = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);

/** What of the page stands for what of this time: ids, and times in ids. */
export class Bindings {
  readonly #real = new Map<string, string>();

  /** @returns whether the page has meant the same by it so far */
  bind(shown: string, real: string): boolean {
    const before = this.#real.get(shown);
    this.#real.set(shown, real);
    if (/^[0-9a-f]{40}$/.test(shown)) this.#real.set(shown.slice(0, 10), real.slice(0, 10));
    return before === undefined || before === real;
  }

  /** A command of the page with the ids of this time. @param find what an id is that was not shown before */
  real(command: string, find: (kind: string, shown: string, rest: string) => string): string {
    return command.replaceAll(volatile, (...match) => {
      const groups = match.at(-1) as Record<string, string | undefined>;
      const [shown, offset] = [match[0] as string, match.at(-3) as number];
      const kind = Object.keys(groups).find((name) => groups[name] !== undefined) ?? '';
      if (!bound.has(kind)) return shown;
      return this.#real.get(shown) ?? find(kind, shown, command.slice(offset + shown.length));
    });
  }

  /** Lines of this time with the ids that the page has for them. */
  shown(line: string): string {
    let text = line;
    for (const [shown, real] of this.#real) text = text.replaceAll(real, shown);
    return text;
  }
}

interface Pattern {
  readonly regex: RegExp;
  /** What the page has in the place of each group. */
  readonly tokens: readonly string[];
}

const isAny = (line: string): boolean => line.trim() === '…';

/** What lines have to be to be those of the page. A line that is `…` stands for any number of lines, `…` in a line for any
 *  text. */
export function patternOf(lines: readonly string[], isOpen = false): Pattern {
  const tokens: string[] = [];
  const parts = lines.map((line) => (isAny(line) ? '(?:.*\n)*?' : `${lineOf(line, tokens)}\n`));
  return { regex: new RegExp(`^${parts.join('')}${isOpen ? '' : '$'}`), tokens };
}

function lineOf(line: string, tokens: string[]): string {
  let [text, end] = ['', 0];
  for (const match of line.matchAll(volatile)) {
    const kind = Object.entries(match.groups ?? {}).find(([, value]) => value !== undefined)?.[0] ?? '';
    const [shown] = match;
    if (bound.has(kind)) tokens.push(shown);
    text += escaped(line.slice(end, match.index));
    text += kind === 'commit' ? `([0-9a-f]{${shown.length}})` : (shapes[kind] ?? '');
    end = match.index + shown.length;
  }
  return `${text}${escaped(line.slice(end))} *`;
}

/** Whether what was printed is what the page shows; then what it calls by other ids is bound. */
export function isSame(shown: readonly string[], real: readonly string[], bindings: Bindings): boolean {
  const { regex, tokens } = patternOf(shown);
  const match = regex.exec(real.map((line) => `${line}\n`).join(''));
  return match !== null && tokens.every((token, index) => bindings.bind(token, match[index + 1] ?? ''));
}

/** Whether what was printed so far is what the page shows before something. */
export const beginsSame = (shown: readonly string[], real: readonly string[]): boolean =>
  patternOf(shown, true).regex.test(real.map((line) => `${line}\n`).join(''));

/** What the page should show: what was printed, cut where the page has it cut. */
export function mended(shown: readonly string[], real: readonly string[]): string[] {
  const same = (one: string, other: string) => !isAny(one) && patternOf([one]).regex.test(`${other}\n`);
  const rows: string[] = [];
  let [left, right] = [0, 0];
  while (left < shown.length) {
    if (!isAny(shown[left] ?? '')) {
      rows.push(...(right < real.length ? [real[right++] ?? ''] : []));
      left++;
      continue;
    }
    rows.push(shown[left] ?? '');
    const after = shown.slice(left + 1);
    const anchor = after.findIndex((line) => real.slice(right).some((one) => same(line, one)));
    if (anchor < 0) return [...rows, ...(after.length > 0 ? real.slice(-after.length) : [])];
    const found = real.findIndex((one, at) => at >= right && same(after[anchor] ?? '', one));
    right = Math.max(right, found - anchor);
    left++;
  }
  return isAny(shown.at(-1) ?? '') ? rows : [...rows, ...real.slice(right)];
}
