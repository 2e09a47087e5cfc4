import { createColors } from 'picocolors';
import { visible } from './text.js';

export type Style = 'bold' | 'cyan' | 'dim' | 'green' | 'red' | 'yellow';

/** A style around a text: an object, not characters, so that no text from outside can make one. */
export class Styled {
  constructor(
    readonly style: Style,
    readonly text: Text,
  ) {}
}

/** Output for people. Every string in it is data, and is escaped when it is printed. */
export type Text = string | Styled | readonly Text[];

const styled = (style: Style) => (text: Text) => new Styled(style, text);

export const bold = styled('bold');
export const cyan = styled('cyan');
export const dim = styled('dim');
export const green = styled('green');
export const red = styled('red');
export const yellow = styled('yellow');

/** Texts joined by a separator, such as a line break. */
export const joined = (texts: readonly Text[], between: string): Text =>
  texts.flatMap((text, place) => (place === 0 ? [text] : [between, text]));

/** The characters for a stream: its only escape sequences are those of our styles. */
export function present(text: Text, withColors: boolean): string {
  const colors = createColors(withColors);
  const shown = (part: Text): string => {
    if (typeof part === 'string') return visible(part);
    if (part instanceof Styled) return colors[part.style](shown(part.text));
    return part.map(shown).join('');
  };
  return shown(text);
}

/** Whether a stream gets colours. Not in a pipe, with a NO_COLOR that is not empty, or in a dumb terminal; FORCE_COLOR
 * overrides all of these. */
export function wantsColors(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): boolean {
  const wanted = env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== '0';
  const refused = Boolean(env.NO_COLOR) || env.TERM === 'dumb';
  return wanted || (!refused && stream.isTTY === true);
}
