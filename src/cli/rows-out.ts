import { jsonText } from './text.js';

// Results of any number, written piece by piece: of 50,000 runs no text is as long as all of them.

const piece = 65_536;

/** Writes texts, which have no characters that control a terminal, to standard output. Its reader may be slow, or
 * leave. */
export async function writeAll(texts: Iterable<string>): Promise<void> {
  let isGone = false;
  let goOn = () => {};
  const leave = () => {
    isGone = true;
    goOn();
  };
  const drain = () => goOn();
  process.stdout.once('error', leave).on('drain', drain);
  for (const text of pieces(texts)) {
    if (isGone) break;
    // Otherwise all that was written stays in memory.
    const drained = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    if (!process.stdout.write(text)) await drained;
  }
  process.stdout.off('drain', drain);
}

function* pieces(texts: Iterable<string>): Generator<string> {
  let waiting = '';
  for (const text of texts) {
    waiting += text;
    if (waiting.length < piece) continue;
    yield waiting;
    waiting = '';
  }
  if (waiting !== '') yield waiting;
}

/** An object of JSON, an entry a line: what is many is read by programs, and quicker so.
 * @param entries values are texts of JSON */
export function* jsonObject(entries: Iterable<readonly [string, string]>): Generator<string> {
  let isFirst = true;
  for (const [key, text] of entries) {
    yield `${isFirst ? '{\n' : ',\n'}${jsonText(key)}: ${text}`;
    isFirst = false;
  }
  yield isFirst ? '{}\n' : '\n}\n';
}

export function* jsonLines(values: Iterable<unknown>): Generator<string> {
  for (const value of values) yield `${jsonText(value)}\n`;
}
