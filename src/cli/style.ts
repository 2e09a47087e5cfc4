import { createColors } from 'picocolors';

type Colors = ReturnType<typeof createColors>;

/** Colours for a stream: none in a pipe or with NO_COLOR, whatever its value; FORCE_COLOR has them anyway. */
export function colorsFor(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): Colors {
  const wanted = env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== '0';
  const refused = Boolean(env.NO_COLOR) || env.TERM === 'dumb';
  return createColors(wanted || (!refused && stream.isTTY === true));
}
