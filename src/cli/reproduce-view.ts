import type { Checked } from '../operations/reproduce/check.js';
import type { MeasureDifference } from '../operations/reproduce/compare.js';
import type { Reproducible } from '../operations/reproduce/reproduce.js';
import { count } from '../phrases.js';
import { renderCommand } from '../shell/command.js';
import { pasteable } from '../shell/word.js';
import { filled } from './fold.js';
import { bold, green, joined, red, type Text, yellow } from './style.js';
import { table } from './table.js';
import { visibleLine } from './text.js';

/** The lines that repeat a run, to be pasted into a shell. */
export function reproductionLines({ record, steps, notes }: Reproducible): string[] {
  const { commit, remote, pushed } = record.recipe.source;
  return [
    `# ${record.id}, at commit ${commit.slice(0, 10)}`,
    ...(remote !== null && pushed ? [`# The commit is also at ${visibleLine(remote)}`] : []),
    ...notes.map((note) => `# ${visibleLine(note)}`),
    ...[...steps.prepare, steps.build, steps.run].map(renderCommand),
  ];
}

/** At most so many of a kind are named. */
const most = 20;

/** How a run and its repetition compare. @param data the folder of the run's data, as a person writes it */
export function checkedView(checked: Checked, data: string, width: number): Text {
  const { verdict, files, measures, causes, kept, exit_codes: codes } = checked;
  const mark = { 'same bytes': green, 'same measures': yellow, different: red }[verdict];
  const same = files.compared - files.different.length;
  const words = { missing: 'is missing', new: 'is new', differs: 'differs' };
  const listed = files.different
    .slice(0, most)
    .map(({ path, how }) => `  ${visibleLine(path)} ${words[how]}`);
  const lines: Text[] = [
    [bold(mark(verdict)), `: ${filesText(same, files.compared)}, ${measuresText(measures)}`],
    ...(codes[0] === codes[1] ? [] : [`It ended with exit code ${codes[1]}, and then with ${codes[0]}.`]),
    ...listed,
    ...(files.different.length > most ? [`  … and ${files.different.length - most} more`] : []),
    ...(measures.different.length > 0 ? [measuresTable(measures.different, width)] : []),
    ...(verdict === 'same bytes' ? [] : causes.map((cause) => filled(`Perhaps because: ${cause}`, width))),
    ...(kept === null ? [] : [pasteable`diff -r ${`${data}/results`} ${`${kept}/data/results`}`]),
  ];
  return joined(lines, '\n');
}

const filesText = (same: number, all: number): string =>
  all === 0 ? 'no files' : `${same} of ${count(all, 'file')} the same`;

const measuresText = ({ compared, different }: Checked['measures']): string =>
  compared === 0 ? 'no measures' : `${compared - different.length} of ${count(compared, 'measure')} the same`;

function measuresTable(different: readonly MeasureDifference[], width: number): Text {
  const rows = different
    .slice(0, most)
    .map(({ name, was, is }): string[] => [
      `  ${visibleLine(name)}`,
      valueText(was),
      valueText(is),
      shareText(was, is),
    ]);
  return table([{ head: '  MEASURE' }, { head: 'THEN' }, { head: 'NOW' }, { head: 'CHANGE' }], rows, width)
    .text;
}

const valueText = (value: MeasureDifference['was']): string =>
  value === null ? '–' : visibleLine(String(value));

function shareText(was: MeasureDifference['was'], is: MeasureDifference['is']): string {
  if (typeof was !== 'number' || typeof is !== 'number' || was === 0) return '';
  const share = ((is - was) / Math.abs(was)) * 100;
  return Number.isFinite(share) ? `${share > 0 ? '+' : ''}${share.toPrecision(2)} %` : '';
}
