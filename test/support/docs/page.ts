/** What a page of the docs says to the test that plays it, in the order of the page. */
export type PageEvent =
  | { readonly kind: 'block'; readonly block: Block }
  /** `<!-- setup … -->`: a script that a reader needs not see. */
  | { readonly kind: 'setup'; readonly line: number; readonly script: string }
  /** `<!-- files of PAGE -->`: what that page has its readers write into files. */
  | { readonly kind: 'files'; readonly page: string };

/** A fenced block. */
export interface Block {
  /** The number of its first line behind the fence, from 0. */
  readonly line: number;
  readonly language: string;
  /** Without the fences, and without the marks of a quotation around them. */
  readonly lines: readonly string[];
  /** What stands before each line in the page: the marks of a quotation. */
  readonly prefix: string;
  /** `<!-- file: PATH -->` before it: the reader writes it there. */
  readonly file?: string;
  /** `<!-- not played: WHY -->` before it. */
  readonly notPlayed?: string;
}

const fence = /^(?<prefix>(?:> ?)*)```(?<language>[\w-]*)$/;
const comment = /^(?:> ?)*<!-- (?<what>not played|files of|file|setup):? ?(?<rest>.*?)(?<closed> -->)?$/;

/** The page taken apart. @throws Error where a fence or a comment has no end */
export function readPage(text: string): PageEvent[] {
  const lines = text.split('\n');
  const events: PageEvent[] = [];
  let about: { file?: string; notPlayed?: string } = {};
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? '';
    const said = comment.exec(line)?.groups;
    const opened = fence.exec(line)?.groups;
    if (said) {
      const end = said.closed ? at : endOf(lines, at, /^(?:> ?)*-->$/);
      const more = lines.slice(at + 1, end).map((one) => one.replace(/^(?:> ?)+/, ''));
      const rest = [said.rest ?? '', ...more].join('\n').trim();
      if (said.what === 'setup') events.push({ kind: 'setup', line: at, script: rest });
      else if (said.what === 'files of') events.push({ kind: 'files', page: rest });
      else about = said.what === 'file' ? { file: rest } : { notPlayed: rest };
      at = end;
    } else if (opened) {
      const { prefix = '', language = '' } = opened;
      const end = endOf(lines, at, /^(?:> ?)*```$/);
      const body = lines.slice(at + 1, end).map((one) => one.slice(prefix.length));
      events.push({ kind: 'block', block: { line: at + 1, language, lines: body, prefix, ...about } });
      about = {};
      at = end;
    }
  }
  return events;
}

function endOf(lines: readonly string[], from: number, end: RegExp): number {
  const found = lines.findIndex((line, at) => at > from && end.test(line));
  if (found < 0) throw new Error(`what begins in line ${from + 1} has no end`);
  return found;
}

/** Whether the block is for a shell: `console` shows what comes of it, `sh` does not. */
export const isSession = ({ language }: Block): boolean => language === 'console' || language === 'sh';

/** A command, and what the page shows of what it prints. */
export interface Step {
  /** As the page has it, without the prompt; more than one line where a shell reads on. */
  readonly command: string;
  /** Numbers of lines in the page, from 0: that of the command, and the first of what it prints. */
  readonly line: number;
  readonly outputLine: number;
  /** What it prints; null where the page does not say. */
  readonly output: readonly string[] | null;
}

/** The commands of a block. @param isWhole whether a shell would read no further */
export function stepsOf(block: Block, isWhole: (command: string) => boolean): Step[] {
  const shows = block.language === 'console';
  const steps: Step[] = [];
  for (let at = 0; at < block.lines.length; ) {
    const line = at;
    const first = block.lines[at] ?? '';
    if (shows !== first.startsWith('$ ') && shows)
      throw new Error(`line ${block.line + at + 1} begins no command`);
    let command = shows ? first.slice(2) : first;
    for (at++; !isWhole(command) && at < block.lines.length; at++) command += `\n${block.lines[at]}`;
    const next = block.lines.findIndex((one, index) => index >= at && one.startsWith('$ '));
    const end = next < 0 ? block.lines.length : next;
    const output = shows ? block.lines.slice(at, end) : null;
    const places = { line: block.line + line, outputLine: block.line + at };
    if (command.trim() !== '') steps.push({ command, output, ...places });
    if (shows) at = end;
  }
  return steps;
}
