/** Arguments that every layer between a person and a program would like to take for its own. */
export const hostileWords: readonly string[] = [
  '',
  ' ',
  '--',
  '-x',
  '--yes',
  '-',
  '=',
  '=ls',
  `it's`,
  '"double"',
  `'"'"'`,
  '$(touch /tmp/never)',
  '`touch /tmp/never`',
  '$HOME $PATH $$ $1 $@',
  'a\nb\n',
  '\ttab\r',
  '*',
  '/et?/[p]asswd',
  '~',
  '{a,b}',
  'a;b&c|d>e<f',
  '!!',
  '#no comment',
  '\\',
  '\\n\\0\\c',
  '%s%n',
  'a=b',
  'ünïcödé 日本語 🚂',
  '\u0001\u001b[31m\u007f',
  'x'.repeat(100_000),
];

/** Texts that a terminal would act on, or show as something else than they are. */
export const hostileSequences: readonly string[] = [
  // The clipboard, the title, a link, a device's own string, a private message, and one that never ends.
  '\u001b]52;c;cm0gLXJmIH4=\u0007',
  '\u001b]0;a title\u001b\\',
  '\u001b]8;;https://example.org\u0007a link\u001b]8;;\u0007',
  '\u001bP+q544e\u001b\\',
  '\u001b^private\u001b\\',
  '\u001b_application\u001b\\',
  '\u001b]0;without an end',
  // Colours, ours too, the cursor, the screen, the keyboard, an answer typed in our name.
  '\u001b[35mmagenta',
  '\u001b[31mred\u001b[39m',
  '\u001b[1A\u001b[2Kover the line above',
  '\u001b[2J\u001b[Hgone',
  '\u001b[?1049h',
  '\u001b[6n',
  '\u001bc',
  '\u001b',
  // The same with one character of C1.
  '\u009b35mmagenta',
  '\u009d52;c;cm0gLXJmIH4=\u009c',
  '\u0090+q\u009c',
  '\u0085\u008d',
  // Over what stands there.
  'harmless\rharmful',
  'abc\b\b\bxyz',
  '\u0007\u0000\u007f\u000b\u000c\u000e',
  // Another order, and half a character.
  'gpj.\u202eexe',
  '\u2066a\u2069\u061c\u200e\u200f\u202a\u202c',
  'one\u2028two\u2029three',
  '\ud800',
  'a\udc00b',
];

/** Whether a terminal would do what was not ours to ask for: what is left but for line breaks, tabs, our colours, and
 *  the movements by which a picture or a question is drawn again. */
export function actsOnTerminal(shown: string): string | null {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const ours = /\u001b\[(?:(?:1|2|22|3[12346]|39)m|\d*[A-GJK]|\?25[hl]|\?2026[hl])/g;
  const left = shown.replaceAll(ours, '').replaceAll(/\r?\n|\t|\r/g, '');
  return /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u.test(left)
    ? JSON.stringify(left)
    : null;
}
