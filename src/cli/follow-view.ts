import type { Chores } from '../operations/follow/chores.js';
import { follow } from '../operations/follow/follow.js';
import { type ExperimentStatus, isOfSweep, progressOf } from '../operations/look/rows.js';
import type { ExperimentRecords } from '../operations/records.js';
import type { Session } from '../operations/session.js';
import { interruptible } from './interrupt.js';
import type { Screen } from './screen.js';
import { statusView } from './status-view.js';

/** The table, drawn anew until the deployment has ended or the person has seen enough. */
export async function followLive(
  session: Session,
  records: ExperimentRecords,
  screen: Screen,
  chores?: Chores,
): Promise<{ status: ExperimentStatus; interrupted: boolean }> {
  const live = await screen.live();
  return interruptible(async (signal) => {
    const show = (status: ExperimentStatus) => {
      // The window may have become another.
      const { columns = 80, rows = 24 } = screen.stream;
      const view = {
        width: columns,
        height: rows - 5,
        now: new Date(),
      };
      const shown = { ...status, conditions: status.conditions.filter(isOfSweep) };
      live.show(statusView(shown, view), news(status));
    };
    const status = await follow(session, records, { show, signal, chores });
    live.done();
    return { status, interrupted: signal.aborted && status.live };
  });
}

function news(status: ExperimentStatus): string {
  const { ended, of } = progressOf(status);
  const running = status.conditions.filter((row) => row.deployed && row.record?.state === 'running').length;
  const silent = status.silent.map(({ place }) => place).join(', ');
  return `${ended} of ${of} ended, ${running} running${silent && `; no answer from ${silent}`}`;
}
