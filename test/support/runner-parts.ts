import { readFileSync } from 'node:fs';

const textOf = (name: string) =>
  readFileSync(new URL(`../../templates/machine/runner/${name}.sh`, import.meta.url), 'utf8');

/** The functions of the runner that a job's script calls. */
export const runnerParts = `${textOf('job')}${textOf('engine-docker')}`;
