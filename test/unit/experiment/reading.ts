import { type Parameters, readParameters } from '../../../src/experiment/parameters.js';
import { InvalidParameters } from '../../../src/experiment/problems.js';

/** Reads a parameters.json of these members, written as JSON text, beside a name. */
export const readMembers = (members: string): Parameters =>
  readParameters(`{"experiment_name": "e",\n${members}}`, 'p.json');

/** The lines of the message with which a text is refused. */
export function refusal(text: string): string[] {
  try {
    readParameters(text, 'p.json');
  } catch (error) {
    if (error instanceof InvalidParameters) return error.message.split('\n');
    throw error;
  }
  return ['it was accepted'];
}

/** The same for members, which begin in line 2. */
export const refusalOf = (members: string): string[] => refusal(`{"experiment_name": "e",\n${members}}`);
