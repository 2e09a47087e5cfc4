/** Longer than anything takes on a computer that has much else to do: who waits so long waits for ever. */
const seconds = 560;

/** Asks again and again until the answer is something, and returns it.
 *  @throws Error saying what did not happen */
export async function until<T>(
  what: string,
  ask: () => T | Promise<T>,
): Promise<Exclude<T, null | undefined | false | ''>> {
  const last = Date.now() + seconds * 1000;
  for (;;) {
    const asked = Date.now();
    const answer = await ask();
    if (answer) return answer as Exclude<T, null | undefined | false | ''>;
    const now = Date.now();
    if (now > last) throw new Error(`not within ${seconds} s: ${what}`);
    // What takes long to ask keeps the computer from what is waited for.
    const pause = Math.min(Math.max(50, 4 * (now - asked)), 2000);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
