import { currentUser } from '../machines/user.js';
import { fingerprint, type Recipe } from '../recipe/recipe.js';
import { buildText } from '../recipe/scripts.js';
import type { CameFrom, RunRecord } from '../runs/record.js';
import type { PlacedRun, PlaceFacts } from '../targets/target.js';
import type { Session } from './session.js';

/** The parts of a receipt that depend on the place of its run. */
export interface Placing {
  readonly target: string;
  readonly machine: PlaceFacts;
  readonly placed: PlacedRun;
}

export interface NewRun {
  readonly id: string;
  readonly deployment: string | null;
  /** The docker command of this computer. */
  readonly docker: string;
  /** git's version. */
  readonly git: string;
  /** Why it runs, in the user's words; null: no message. */
  readonly message: string | null;
  /** The run that it repeats; default: none. */
  readonly cameFrom?: CameFrom | null;
}

/** The receipt of a run before it has begun. */
export function newRecord(
  session: Session,
  recipe: Recipe,
  { id, deployment, docker, git, message, cameFrom = null, ...placing }: Placing & NewRun,
): RunRecord {
  return {
    schema: 2,
    id,
    experiment: recipe.experiment.name,
    condition: recipe.condition.id,
    deployment,
    created: session.now().toISOString(),
    user: currentUser().name,
    message,
    ...(cameFrom && { came_from: cameFrom }),
    recipe,
    fingerprint: fingerprint(recipe),
    ...placeIn(placing),
    build_line: buildText(recipe, docker),
    tools: { logistician: session.version, node: process.versions.node, git },
    engine: null,
    image: { id: null, base: [] },
    state: 'pending',
    reason: null,
    exit_code: null,
    times: {},
    started: null,
    finished: null,
    kept: null,
    slot: null,
    gpus: null,
    gpu_names: [],
    driver: null,
    edited_during_run: null,
    collected: null,
    collected_data: null,
  };
}

/** The receipt of a run that was moved to another place before it began. Its recipe stays the same. */
export const movedRecord = (record: RunRecord, placing: Placing): RunRecord => ({
  ...record,
  ...placeIn(placing),
});

const placeIn = ({
  target,
  machine: { name, engine },
  placed,
}: Placing): Pick<RunRecord, 'target' | 'machine' | 'folder' | 'container_line'> => ({
  target,
  machine: { name, cpus: engine.cpus, memory_bytes: engine.memory, architecture: engine.architecture },
  folder: placed.work,
  container_line: placed.line,
});
