import type { Experiment } from '../operations/experiment.js';
import { follow, progressOf } from '../operations/follow.js';
import { type ExperimentStatus, isOfSweep } from '../operations/observe.js';
import type { Session } from '../operations/session.js';
import { interruptible } from './interrupt.js';
import { liveOn } from './live.js';
import { statusView } from './status-view.js';
import { colorsFor } from './style.js';

/** The table, drawn anew until the deployment has ended or the person has seen enough. */
export async function followLive(
  session: Session,
  experiment: Experiment,
  tend?: (status: ExperimentStatus) => Promise<void>,
): Promise<{ status: ExperimentStatus; interrupted: boolean }> {
  const live = await liveOn(process.stderr);
  return interruptible(async (signal) => {
    const show = (status: ExperimentStatus) => {
      // The window may have become another.
      const { columns = 80, rows = 24 } = process.stderr;
      const view = {
        width: columns,
        height: rows - 5,
        now: new Date(),
        colors: colorsFor(process.stderr, process.env),
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
