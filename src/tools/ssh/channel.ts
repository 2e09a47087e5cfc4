import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, ClientChannel } from 'ssh2';
import { brokenOff, type Io, type Outcome, watchOver } from '../../shell/process.js';

/** What a command on a machine reads, where its output goes, and what it may take. */
export type Asked = Io & { readonly input?: string };

/** Milliseconds in which a server has to have closed its half of a channel. */
const patience = 2000;

type Ended = Pick<Outcome, 'kind' | 'code' | 'signal' | 'beyond'>;

/** Runs a line of the login shell on a connection, until it ends, breaks a limit or is not wanted any more.
 *  @param giveUp is told of a command that is not waited for any more: whether the server lets go of it
 *  @throws Error with what happened, as the end of a sentence that begins with the machine */
export async function performOn(
  client: Client,
  text: string,
  { input, ...io }: Asked,
  giveUp: (ended: Promise<boolean>) => void,
): Promise<Outcome> {
  const { watch, breach } = watchOver(io);
  const over: (() => void)[] = [() => watch.end()];
  const opening = open(client, text);
  try {
    const cut = new Promise<never>((_, reject) => {
      const lost = () => reject(cutOff());
      client.once('close', lost);
      over.push(() => client.off('close', lost));
    });
    const aborted = new Promise<'aborted'>((resolve) => {
      const abort = () => resolve('aborted');
      if (io.signal?.aborted) abort();
      io.signal?.addEventListener('abort', abort, { once: true });
      over.push(() => io.signal?.removeEventListener('abort', abort));
    });
    const outputs: (() => string)[] = [];
    const own = opening.then((channel) => {
      outputs.push(watch.take(channel, io.onStdout), watch.take(channel.stderr, io.onStderr));
      const end = endOf(channel);
      channel.end(input);
      return end;
    });
    const first = await Promise.race([own, cut, breach, aborted]);
    if (typeof first === 'string') giveUp(close(opening));
    const [stdout = '', stderr = ''] = outputs.map((output) => output());
    const how: Ended =
      first === 'aborted' ? byUs : typeof first === 'string' ? brokenOff(first, watch) : first;
    return { ...how, stdout, stderr };
  } finally {
    for (const undo of over) undo();
  }
}

const byUs: Ended = { kind: 'signalled', code: 143, signal: null };

function open(client: Client, text: string): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    try {
      client.exec(text, (error, channel) => {
        if (error) reject(new Error(`does not take commands: ${error.message}`));
        else resolve(channel);
      });
    } catch {
      reject(cutOff());
    }
  });
}

const cutOff = () => new Error('was cut off from here');

/** By its close alone, which says the exit code again: that itself may have come in the same packet as the answer to the
 *  request, before a listener could be added. */
function endOf(channel: ClientChannel): Promise<Ended> {
  return new Promise((resolve, reject) => {
    channel.on('close', (code?: number | null) => {
      // Without an exit code nobody knows how it ended.
      if (code === undefined) reject(cutOff());
      else resolve(code === null ? byUs : { kind: 'exited', code, signal: null });
    });
  });
}

/** Closes the channel. What runs there hears of it when it writes. @returns whether the server lets go of it, which it does
 *  not while a process is there */
async function close(opening: Promise<ClientChannel>): Promise<boolean> {
  const gone = opening.then(
    (channel) =>
      new Promise<true>((resolve) => {
        channel.once('close', () => resolve(true));
        channel.close();
      }),
    () => true as const,
  );
  return Promise.race([gone, sleep(patience, false, { ref: false })]);
}
