import type { Experiment } from '../operations/experiment.js';
import { follow, progressOf } from '../operations/follow.js';
import { type ExperimentStatus, isOfSweep } from '../operations/observe.js';
import type { Session } from '../operations/session.js';
import { interruptible } from './interrupt.js';
import type { Screen } from './screen.js';
import { statusView } from './status-view.js';

/** The table, drawn anew until the deployment has ended or the person has seen enough. */
export async function followLive(
  session: Session,
  experiment: Experiment,
  screen: Screen,
  tend?: (status: ExperimentStatus) => Promise<void>,
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
    const status = await follow(session, experiment, show, signal, tend);
    live.done();
    return { status, interrupted: signal.aborted && status.live };
  });
}

function news(status: ExperimentStatus): string {
  const { ended, of } = progressOf(status);
  const running = status.conditions.filter((row) => row.deployed && row.record?.state === 'running').length;
  const silent = status.silent.map(({ machine }) => machine).join(', ');
  return `${ended} of ${of} ended, ${running} running${silent && `; no answer from ${silent}`}`;
}
