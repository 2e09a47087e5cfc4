import type { Chores } from '../operations/follow/chores.js';
import { follow } from '../operations/follow/follow.js';
import { type ExperimentStatus, isOfSweep, progressOf } from '../operations/look/rows.js';
import type { ExperimentRecords } from '../operations/records.js';
import type { Session } from '../operations/session.js';
import { interruptible } from './interrupt.js';
import { untilReaderLeaves } from './reader.js';
import type { Screen } from './screen.js';
import { statusView } from './status-view.js';

interface Following {
  readonly chores?: Chores;
  /** Selects the rows to show; default: all of the sweep. */
  readonly shown?: (status: ExperimentStatus) => ExperimentStatus;
}

const sweepOf = (status: ExperimentStatus): ExperimentStatus => ({
  ...status,
  conditions: status.conditions.filter(isOfSweep),
});

/** Redraws the table until the deployment has ended or the user presses Ctrl-C. */
export async function followLive(
  session: Session,
  records: ExperimentRecords,
  screen: Screen,
  { chores, shown = sweepOf }: Following = {},
): Promise<{ status: ExperimentStatus; interrupted: boolean }> {
  const live = await screen.live();
  return interruptible(async (interrupted) => {
    // Chores continue even if the reader of the output is gone.
    const signal = chores ? interrupted : untilReaderLeaves(screen.stream, interrupted);
    const show = (status: ExperimentStatus) => {
      // The window may have been resized.
      const { columns = 80, rows = 24 } = screen.stream;
      const view = {
        width: columns,
        height: rows - 5,
        now: new Date(),
        objective: records.parameters?.objective ?? null,
      };
      live.show(statusView(shown(status), view), news(status));
    };
    const status = await follow(session, records, { show, signal, chores });
    live.done();
    return { status, interrupted: interrupted.aborted && status.live };
  });
}

function news(status: ExperimentStatus): string {
  const { ended, of } = progressOf(status);
  const running = status.conditions.filter((row) => row.deployed && row.record?.state === 'running').length;
  const silent = status.silent.map(({ place }) => place).join(', ');
  return `${ended} of ${of} ended, ${running} running${silent && `; no answer from ${silent}`}`;
}
