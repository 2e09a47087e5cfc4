/** The lines that a command prints, as a shell takes them. */
export const printed = (stderr: string): string =>
  stderr
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.replace(/^\$ /, ''))
    .join('\n');

/** Without what cannot be the same twice: times, and the ids that are made from them. */
export const lasting = (lines: string): string =>
  lines
    .replaceAll(/\b\d{8}-\d{9}-/g, 'TIME-')
    .replaceAll(/(logistician-TIME-[a-z0-9-]+)-[0-9a-f]{6}\b/g, '$1-ID')
    .replaceAll(/\b\d{14}-[0-9a-f]{6}\b/g, 'DEPLOYMENT')
    // Named after what is in it.
    .replaceAll(/\bsweep-[0-9a-f]{12}\.sh\b/g, 'sweep-ID.sh')
    .trim();

/** Machines are running at the same time: only what is done on one has an order. */
export const inAnyOrder = (lines: string): string[] => lasting(lines).split('\n').sort();
