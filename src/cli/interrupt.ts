let atWork = 0;

/** Whether there is work that comes to its own end when it is interrupted. */
export const endsByItself = (): boolean => atWork > 0;

/** Does the work while signals that would end us only fire another: for work that has its own end to come to.
 *  @param firing those that fire it; the others of the three are passed over. */
export async function interruptible<T>(
  work: (signal: AbortSignal) => Promise<T>,
  firing: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'],
): Promise<T> {
  const controller = new AbortController();
  const heard = (signal: NodeJS.Signals) => {
    if (firing.includes(signal)) controller.abort();
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, heard);
  atWork++;
  try {
    return await work(controller.signal);
  } finally {
    atWork--;
    for (const signal of signals) process.off(signal, heard);
  }
}
