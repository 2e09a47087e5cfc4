import pLimit from 'p-limit';
import { UserError } from '../../errors.js';
import { connectionLoss } from '../../machines/connection.js';
import { CommandFailed } from '../../shell/executor.js';
import type { PlaceProblem } from '../target.js';

/** The most machines that are handled at the same time. */
const atOnce = 30;

/** Does the work for each machine, several at a time. @returns the problems of those that failed */
export async function onEach<T>(
  items: readonly T[],
  nameOf: (item: T, place: number) => string,
  work: (item: T, name: string) => Promise<unknown>,
): Promise<PlaceProblem[]> {
  const limit = pLimit(atOnce);
  const outcomes = await Promise.all(
    items.map((item, place) =>
      limit(async (): Promise<PlaceProblem | null> => {
        const name = nameOf(item, place);
        try {
          await work(item, name);
          return null;
        } catch (error) {
          return { place: name, problem: problemOf(name, error) };
        }
      }),
    ),
  );
  return outcomes.filter((outcome) => outcome !== null);
}

/** @throws errors that are not the machine's */
function problemOf(machine: string, error: unknown): UserError {
  if (error instanceof CommandFailed) return connectionLoss(machine, error) ?? error;
  if (error instanceof UserError) return error;
  throw error;
}
