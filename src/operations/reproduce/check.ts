import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UserError } from '../../errors.js';
import { basesNow } from '../../machines/base-images.js';
import { reproductionOf } from '../../recipe/reproduction.js';
import { allValues, measuredBy } from '../../runs/measures/measured.js';
import { readMeasures } from '../../runs/measures/read.js';
import type { RunRecord } from '../../runs/record.js';
import { makeWorkFolder, type WorkFolder } from '../../runs/work-folder.js';
import { accessLines } from '../../shell/access.js';
import { CommandFailed, Interrupted } from '../../shell/executor.js';
import type { Io } from '../../shell/process.js';
import { targetHere } from '../../targets/registry.js';
import { removeContainer } from '../../tools/docker/lines.js';
import { readSecrets } from '../deploy/secrets.js';
import type { Session } from '../session.js';
import { CannotReproduce } from './cannot.js';
import { type Comparison, compareOutcomes, type Outcome } from './compare.js';
import type { Reproducible } from './reproduce.js';

export interface CheckRequest {
  /** The folder of the run's data, absolute. */
  readonly data: string;
  /** See `compareOutcomes`. */
  readonly tolerance: number;
  readonly ignored: (name: string) => boolean;
  /** Where the job's output goes. */
  readonly io: Io;
  /** Fires on Ctrl-C: then the repetition ends at once, and nothing of it is left. */
  readonly signal: AbortSignal;
}

export interface Checked extends Comparison {
  /** What was another than when it ran, a sentence each: likely causes of a difference. */
  readonly causes: readonly string[];
  /** Where the repetition is kept; null: it is gone, since it is the same. */
  readonly kept: string | null;
}

/** Repeats a run beside it, by the lines that `reproduce` prints, and compares what it leaves.
 * @throws CannotReproduce, CommandFailed, Interrupted */
export async function check(session: Session, run: Reproducible, request: CheckRequest): Promise<Checked> {
  const { executor, env } = session;
  const { record, here } = run;
  refuseMissingData(record, request.data);
  // Whether they are set, before anything is made.
  readSecrets(record.recipe.secrets, env);
  const own = executor.dryRun ? null : newFolder(here.folder);
  let isDifferent = false;
  try {
    const checked = await checkIn(own?.path ?? here.folder, session, run, request);
    isDifferent = checked.kept !== null;
    return checked;
  } catch (error) {
    // A program that Ctrl-C has ended looks like one that failed.
    throw request.signal.aborted ? new CheckInterrupted() : error;
  } finally {
    if (isDifferent) own?.release();
    else own?.remove();
  }
}

class CheckInterrupted extends Interrupted {
  constructor() {
    super('Interrupted. The run is as it was, and nothing is left of its repetition.', [], { exit: 130 });
  }
}

async function checkIn(
  folder: string,
  session: Session,
  { record, here, engine }: Reproducible,
  { data, tolerance, ignored, io, signal }: CheckRequest,
): Promise<Checked> {
  const { executor, progress } = session;
  const [bases, image] = await Promise.all([
    basesNow(engine, record.recipe.image.bases),
    record.image.id === null ? null : engine.image(record.image.id),
  ]);
  const own = image?.id ?? null;
  const steps = reproductionOf(record, { ...here, folder }, own);
  for (const one of steps.prepare) await executor.change(one, { signal });
  if (own === null) await executor.change(steps.build, { ...progress, signal });
  const end = () => executor.attempt(removeContainer(here.docker, steps.container));
  // A job may take its time after a SIGTERM, or ignore it.
  signal.addEventListener('abort', end, { once: true });
  const outcome = await executor.attempt(steps.run, { ...io, signal });
  signal.removeEventListener('abort', end);
  if (signal.aborted) {
    // It may have been made after the first look.
    await end();
    throw new CheckInterrupted();
  }
  const { code } = outcome;
  if (code === notStarted && record.exit_code !== code) throw new CommandFailed(steps.run, outcome);
  const was = outcomeOf(data, record.exit_code);
  const is = outcomeOf(join(folder, 'data'), code);
  const compared = await compareOutcomes(was, is, tolerance, ignored);
  const causes = causesOf(record, own === null ? bases : null);
  return { ...compared, causes, kept: compared.verdict === 'different' ? folder : null };
}

function refuseMissingData({ id, collected, target }: RunRecord, data: string): void {
  if (existsSync(join(data, 'results')) || existsSync(join(data, 'measures'))) return;
  const why = collected === null && target !== targetHere ? 'they were not collected' : `there is no ${data}`;
  throw new CannotReproduce(`The results of ${id} are not here: ${why}.`);
}

/** A new folder: another check of the same run may go on in its own. */
function newFolder(base: string): WorkFolder {
  try {
    return makeWorkFolder(base);
  } catch (error) {
    throw new UserError(
      `The folder for the repetition cannot be made: ${(error as Error).message}`,
      accessLines(dirname(base)),
    );
  }
}

/** Docker's exit code where it could not start the container. */
const notStarted = 125;

const outcomeOf = (data: string, exitCode: number | null): Outcome => ({
  results: join(data, 'results'),
  measures: allValues(measuredBy(readMeasures(data).files)),
  exitCode,
});

/** @param bases present base images of an image that was built again; null: the image of the run itself ran */
function causesOf(
  { image, gpu_names, machine, recipe }: RunRecord,
  bases: Awaited<ReturnType<typeof basesNow>> | null,
): string[] {
  const causes: string[] = [];
  if (bases !== null) {
    causes.push('The image was built again.');
    for (const { name, id } of image.base) {
      const now = bases.find((one) => one.name === name);
      if (now && now.id !== id) causes.push(`The base image ${name} is another one now.`);
    }
  }
  if (gpu_names.length > 0) causes.push(`It ran on ${gpu_names.join(', ')}, on ${machine.name}.`);
  const arch = { x64: 'x86_64', arm64: 'aarch64' }[process.arch as string] ?? process.arch;
  if (machine.architecture !== null && machine.architecture !== arch)
    causes.push(`It ran on ${machine.architecture}, and this computer is ${arch}.`);
  if (recipe.source.live) causes.push('It ran on the working tree, with files that git ignores.');
  return causes;
}
