/** A picture that is drawn again and again: in place on a terminal; elsewhere only when it says something new. */
export interface Live {
  show(picture: string, news: string): void;
  done(): void;
}

/** Whether a picture can be drawn over another there. */
export const canRedraw = (stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): boolean =>
  stream.isTTY === true && env.TERM !== 'dumb';

/** @param news one line that tells what changed, for where nothing can be redrawn. */
export async function liveOn(stream: NodeJS.WriteStream): Promise<Live> {
  if (canRedraw(stream, process.env)) {
    const { createLogUpdate } = await import('log-update');
    const draw = createLogUpdate(stream);
    return { show: (picture) => draw(picture), done: () => draw.done() };
  }
  let last = '';
  return {
    show: (_, news) => {
      if (news !== last) stream.write(`${news}\n`);
      last = news;
    },
    done: () => {},
  };
}
