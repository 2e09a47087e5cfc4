import { lacksFor, lacksOf, type Needs } from '../../machines/lacks.js';
import type { Survey } from '../../machines/survey.js';
import { engineUserWords } from '../../tools/docker/engine.js';
import { Unreachable } from '../../tools/ssh/unreachable.js';
import type { Finding, PlaceProblem } from '../target.js';

/** What a machine has and lacks, or why that is unknown. */
export function findingsOf(
  name: string,
  found: Survey | undefined,
  needs: Needs,
  problem: PlaceProblem | undefined,
): Finding[] {
  const failed: Finding[] = problem ? [unknown(name, problem)] : [];
  if (!found) return failed;
  const lacks = [...lacksOf(found), ...lacksFor(found, needs)].map(
    ({ what, detail, mend, tolerable }): Finding => ({
      what: name,
      state: tolerable ? 'warning' : 'bad',
      detail: `${what}: ${detail}`,
      mend: mend.map((line) => `${line}    # on ${name}`),
    }),
  );
  return [{ what: name, state: 'good', detail: has(found), mend: [] }, ...lacks, ...failed];
}

const unknown = (name: string, { problem }: PlaceProblem): Finding => ({
  what: name,
  state: 'bad',
  detail: problem instanceof Unreachable ? problem.why : problem.message,
  mend: problem.suggestions,
});

function has({ engine, gpus, free, user, versions }: Survey): string {
  if (!engine) return 'reached over SSH';
  return [
    `Docker ${engine.version}${engineUserWords[engine.users]}`,
    `${engine.cpus} CPUs`,
    `${(engine.memory / 2 ** 30).toFixed(1)} GiB`,
    gpus.length > 0 ? `GPUs ${gpus.join(' ')}` : 'no GPU',
    ...(free === null ? [] : [`${(free / 1e9).toFixed(1)} GB free`]),
    ...[...versions].map(([tool, version]) => `${tool} ${version}`),
    `user ${user.name}`,
  ].join(', ');
}
