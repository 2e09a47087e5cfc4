import { resolve } from 'node:path';
import { lacksOf, type Survey } from '../machines/survey.js';
import { HostsTarget } from '../targets/hosts.js';
import { Unreachable } from '../tools/ssh/errors.js';
import { openExperiment } from './experiment.js';
import type { Finding } from './finding.js';
import type { Session } from './session.js';
import { type Machines, surroundings } from './target-of.js';

/** Looks over SSH at all that the machines of an experiment need. Changes nothing on them.
 *  @throws NoHosts, NoExperiment, InvalidParameters */
export async function examineHosts(session: Session, folder: string, machines: Machines): Promise<Finding[]> {
  const experiment = await openExperiment(session, resolve(folder));
  const target = new HostsTarget(surroundings(session, experiment, machines));
  const { found, problems } = await target.examine();
  return [
    ...[...found].flatMap(([name, survey]) => findingsOf(name, survey)),
    ...problems.map(({ machine, problem }) => ({
      what: machine,
      state: 'bad' as const,
      detail: problem instanceof Unreachable ? problem.why : problem.message,
      mend: problem.suggestions.map((line) =>
        line.replace('logistician deploy', 'logistician doctor --hosts'),
      ),
    })),
  ];
}

function findingsOf(name: string, survey: Survey): Finding[] {
  const lacks = lacksOf(survey);
  const { engine, gpus, free, user } = survey;
  const has = engine
    ? [
        `Docker ${engine.version}`,
        `${engine.cpus} CPUs`,
        `${(engine.memory / 2 ** 30).toFixed(1)} GiB`,
        gpus.length > 0 ? `GPUs ${gpus.join(' ')}` : 'no GPU',
        ...(free === null ? [] : [`${(free / 1e9).toFixed(1)} GB free`]),
        `user ${user.name}`,
      ].join(', ')
    : 'reached over SSH';
  return [
    { what: name, state: 'good', detail: has, mend: [] },
    ...lacks.map(({ what, detail, mend, bearable }) => ({
      what: name,
      state: bearable ? ('warning' as const) : ('bad' as const),
      detail: `${what}: ${detail}`,
      mend: mend.map((line) => `${line}    # on ${name}`),
    })),
  ];
}
