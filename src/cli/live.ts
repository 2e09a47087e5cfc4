/** A picture that is drawn again and again: in place on a terminal; elsewhere only when it says something new. */
export interface Live {
  show(picture: string, news: string): void;
  done(): void;
}

/** @param news one line that tells what changed, for where nothing can be redrawn. */
export async function liveOn(stream: NodeJS.WriteStream): Promise<Live> {
  if (stream.isTTY) {
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
