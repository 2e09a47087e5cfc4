import { jsonText } from './text.js';

// Results of any number, written piece by piece: of 50,000 runs no text is as long as all of them.

const piece = 65_536;

/** Writes texts, which have no characters that control a terminal, to standard output. Its reader may leave. */
export function writeAll(texts: Iterable<string>): void {
  let isGone = false;
  process.stdout.once('error', () => {
    isGone = true;
  });
  for (const text of pieces(texts)) {
    if (isGone) return;
    process.stdout.write(text);
  }
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

/** An object of JSON, an entry a line: what is many is read by programs, and quicker so. */
export function* jsonObject(entries: Iterable<readonly [string, unknown]>): Generator<string> {
  let isFirst = true;
  for (const [key, value] of entries) {
    yield `${isFirst ? '{\n' : ',\n'}${jsonText(key)}: ${jsonText(value)}`;
    isFirst = false;
  }
  yield isFirst ? '{}\n' : '\n}\n';
}

export function* jsonLines(values: Iterable<unknown>): Generator<string> {
  for (const value of values) yield `${jsonText(value)}\n`;
}
