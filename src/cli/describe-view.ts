import { joinWords } from '../experiment/words.js';
import { secondsOf } from '../history/attributes.js';
import { Fields } from '../history/fields.js';
import { textOf } from '../history/value.js';
import { allValues } from '../runs/measures/measured.js';
import type { RunRecord } from '../runs/record.js';
import type { RunRow } from '../runs/rows/row.js';
import { factsView } from './facts-view.js';
import { measureText } from './measures.js';
import { stateText } from './state-cell.js';
import type { Text } from './style.js';
import { age, duration } from './time.js';

/** A receipt as people read it, with measures and notes. */
export function describeView(
  record: RunRecord,
  row: RunRow,
  { width, now, folder }: { readonly width: number; readonly now: Date; readonly folder: string },
): Text {
  const { recipe, machine, image, engine } = record;
  const { source } = recipe;
  const seconds = secondsOf(row);
  const ago = (time: string | null) => {
    const text = age(time, now);
    return time && `${time} (${text}${text.startsWith('in ') ? '' : ' ago'})`;
  };
  return factsView(
    [
      ['run', record.id],
      ['state', stateText(row)],
      ['experiment', record.experiment],
      ['condition', record.condition],
      ['attempt', row.attempt > 1 ? String(row.attempt) : null],
      ['continues', row.continues],
      ['repeats', row.came_from],
      ['message', record.message ?? null],
      ['arguments', joinWords(recipe.condition.argv) || '(none)'],
      ['command', recipe.command ?? '(that of the image)'],
      ['commit', `${source.commit}${source.branch === null ? '' : ` (${source.branch})`}`],
      ['', treeText(source)],
      ['remote', source.remote],
      ['environment', lines(recipe.environment)],
      ['secrets', recipe.secrets.join(' ')],
      ['inputs', Object.entries(recipe.inputs).map(inputText).join('\n')],
      ['image', image.id],
      ['built on', image.base.map(({ name, id, digests }) => `${name} ${digests[0] ?? id}`).join('\n')],
      ['docker args', joinWords(recipe.docker_run_args)],
      ['machine', `${machine.name} (${record.target})${machineText(machine)}`],
      [
        'GPUs',
        [...record.gpu_names, ...(record.driver === null ? [] : [`driver ${record.driver}`])].join(', '),
      ],
      ['engine', engine && `${engine.name} ${engine.version}`],
      ['created', ago(record.created)],
      ['started', row.started],
      ['finished', row.finished],
      ['time', seconds === undefined ? null : duration(seconds * 1000)],
      ['user', record.user],
      ['deployment', record.deployment],
      ['measures', measuresText(row)],
      ['tags', row.tags.join(' ')],
      ['notes', row.notes.join('\n')],
      ['problems', row.problems.join('\n')],
      ['folder', folder],
    ],
    width,
  );
}

function treeText({ live, snapshot, pushed }: RunRecord['recipe']['source']): string | null {
  if (live) return 'it ran on the live working tree, edits included';
  if (snapshot) return 'a snapshot of the working tree';
  return pushed ? 'pushed' : null;
}

const lines = (texts: Readonly<Record<string, string>>): string =>
  Object.entries(texts)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n');

const inputText = ([name, { path, hash }]: [string, RunRecord['recipe']['inputs'][string]]): string =>
  `${name} ${path}${hash ? ` sha256:${hash.slice(0, 12)}` : ''}`;

const machineText = ({ cpus, memory_bytes, architecture }: RunRecord['machine']): string =>
  cpus === null || memory_bytes === null
    ? ''
    : `, ${cpus} processors, ${(memory_bytes / 2 ** 30).toFixed(1)} GiB, ${architecture}`;

function measuresText(row: RunRow): string {
  const { steps } = new Fields([row]);
  return Object.entries(allValues(row))
    .filter(([name]) => !steps.has(name))
    .map(([name, value]) => `${name} ${typeof value === 'number' ? measureText(value) : textOf(value)}`)
    .join('\n');
}
