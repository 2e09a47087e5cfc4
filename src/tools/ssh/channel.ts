import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, ClientChannel } from 'ssh2';
import { brokenOff, type Io, type Outcome, watchOver } from '../../shell/process.js';

/** Input, outputs and limits of a command on a machine. */
export type Asked = Io & { readonly input?: string };

/** Timeout for a server to close its side of a channel, in milliseconds. */
const patience = 2000;

type Ended = Pick<Outcome, 'kind' | 'code' | 'signal' | 'beyond'>;

/** Runs a line of the login shell on a connection, until it ends, exceeds a limit or is aborted.
 * @param giveUp called for a command that we stop waiting for, with whether the server closes its channel @throws
 * CommandRefused, Error whose message is the end of a sentence that begins with the machine */
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

/** The server accepts no more commands on this connection. */
export class CommandRefused extends Error {}

function open(client: Client, text: string): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    try {
      client.exec(text, (error, channel) => {
        if (error) reject(new CommandRefused(`refuses commands: ${error.message}`));
        else resolve(channel);
      });
    } catch {
      reject(cutOff());
    }
  });
}

const cutOff = () => new Error('was cut off from here');

/** Uses only the close event, which has the exit code, too: the exit event may come in the same packet as the reply to
 * the request, before a listener can be added. */
function endOf(channel: ClientChannel): Promise<Ended> {
  return new Promise((resolve, reject) => {
    channel.on('close', (code?: number | null) => {
      // Without an exit code its result is unknown.
      if (code === undefined) reject(cutOff());
      else resolve(code === null ? byUs : { kind: 'exited', code, signal: null });
    });
  });
}

/** Closes the channel. The process there notices when it writes.
 * @returns whether the server closes its side, which it does not while the process runs */
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
