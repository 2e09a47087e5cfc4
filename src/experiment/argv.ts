/** Linux: MAX_ARG_STRLEN is 32 pages of 4096 bytes, and one byte of it is the closing NUL. */
export const MOST_BYTES_IN_ONE_WORD = 131_071;

/**
 * Linux gives argv and environment a quarter of the stack, 2 MiB as machines come. 256 KiB of that are left to
 * the environment, OPTIONS (up to 128 KiB) among it, and to docker's own words.
 */
export const MOST_BYTES_IN_ALL_WORDS = 2 * 1024 * 1024 - 256 * 1024;

/** Each word also costs its closing NUL and a pointer. */
const BYTES_PER_WORD = 1 + 8;

/** Why this text cannot be an argument or an environment variable on Linux; undefined if it can. */
export function wordProblem(word: string): string | undefined {
  if (word.includes('\0')) return 'holds a NUL character (\\u0000), which no argument can: remove it.';
  if (/\p{Surrogate}/u.test(word)) {
    return 'holds half a surrogate pair (\\ud800 to \\udfff alone), which is no character: write the whole pair.';
  }
  // A UTF-16 unit is at most three bytes: most words need no counting.
  if (word.length * 3 <= MOST_BYTES_IN_ONE_WORD || Buffer.byteLength(word) <= MOST_BYTES_IN_ONE_WORD) return;
  return `is ${Buffer.byteLength(word)} bytes long, and Linux takes ${MOST_BYTES_IN_ONE_WORD} in one word: pass it in a file.`;
}

/** Why no program can be started with these arguments; undefined if one can. */
export function argvProblem(argv: readonly string[]): string | undefined {
  let bytes = 0;
  for (const word of argv) {
    const problem = wordProblem(word);
    if (problem) return problem;
    bytes += Buffer.byteLength(word) + BYTES_PER_WORD;
  }
  if (bytes <= MOST_BYTES_IN_ALL_WORDS) return;
  return `has arguments of ${bytes} bytes, and Linux takes ${MOST_BYTES_IN_ALL_WORDS} in all: pass them in a file.`;
}
