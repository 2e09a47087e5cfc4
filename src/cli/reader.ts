import { setMaxListeners } from 'node:events';

/** Fires with the signal, and when the reader of the output is gone, such as `head` after its last line: work that only
 * shows something can stop then. */
export function untilReaderLeaves(output: NodeJS.WritableStream, signal: AbortSignal): AbortSignal {
  const left = new AbortController();
  output.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') left.abort();
  });
  const either = AbortSignal.any([signal, left.signal]);
  // There is a listener for each machine that is followed.
  setMaxListeners(0, either);
  return either;
}
