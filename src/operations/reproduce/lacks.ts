import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ownLine, UserError } from '../../errors.js';
import type { RunRecord } from '../../runs/record.js';
import { pasteable } from '../../shell/word.js';
import { checkoutOf, submodulesAt } from '../../source/checkout.js';
import { refuseMissingFiles } from '../../source/missing-files.js';
import type { Project } from '../../source/project.js';
import { sourceId } from '../../source/source-id.js';
import type { Session } from '../session.js';
import { CannotReproduce } from './cannot.js';
import { inputHere, placesOf } from './inputs-here.js';

/** What a run needs and is not here, or not as it was, its commit apart: an error each, with the lines that bring it.
 * @param runs the experiment's folder runs/. @param given paths of inputs by name, which a person gave */
export async function lacksOf(
  session: Session,
  project: Project,
  runs: string,
  record: RunRecord,
  given: Readonly<Record<string, string>> = {},
): Promise<UserError[]> {
  const { id, recipe } = record;
  const looks: (() => Promise<unknown>)[] = [
    ...Object.entries(recipe.inputs).map(
      ([name, input]) =>
        () =>
          inputHere(session, id, name, input, given[name] ? [given[name]] : placesOf(input, runs)),
    ),
    async () => refuseMissingState(runs, record),
    () => refuseAbsentSubmodules(project, record),
    async () => refuseMissingFiles(session.executor, await checkoutOf(project, recipe.source.commit)),
  ];
  const lacks: UserError[] = [];
  // Sequentially: inputs are usually on one disk.
  for (const look of looks) {
    try {
      await look();
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      lacks.push(error);
    }
  }
  return lacks;
}

/** All of them as one. @throws CannotReproduce, or the only one */
export function refuseLacks(lacks: readonly UserError[]): void {
  const [first, second] = lacks;
  if (!first) return;
  if (!second) throw first;
  throw new CannotReproduce(
    lacks.map(({ message }) => message).join('\n'),
    lacks.flatMap(({ suggestions }) => suggestions),
  );
}

/** No archive has it. @throws CannotReproduce */
function refuseMissingState(runs: string, { id, recipe }: RunRecord): void {
  const before = recipe.continues?.run;
  if (before === undefined || existsSync(join(runs, before, 'data', 'state'))) return;
  throw new CannotReproduce(
    `The run ${id} continued from the state of ${before}, which is not here.`,
    existsSync(join(runs, before)) ? [ownLine('sync')] : [],
  );
}

/** A run may have been without them, too. @throws CannotReproduce, MissingSubmoduleCommit */
async function refuseAbsentSubmodules(project: Project, { id, recipe }: RunRecord): Promise<void> {
  const { commit, id: source } = recipe.source;
  const { absent } = await submodulesAt(project, commit);
  if (absent.length === 0 || source === null) return;
  const { path } = recipe.experiment;
  const settings = path === '' ? 'parameters.json' : `${path}/parameters.json`;
  if ((await sourceId(project, commit, settings)) === source) return;
  throw new CannotReproduce(
    `Submodules of the run ${id} are not checked out here: ${absent.slice(0, 5).join(', ')}.`,
    [pasteable`git -C ${project.root} submodule update --init --recursive`],
  );
}
