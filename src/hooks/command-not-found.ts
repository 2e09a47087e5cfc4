import type { Hook } from '@oclif/core';
import { closest } from 'fastest-levenshtein';

/** A mistyped verb gets the nearest one. */
const hook: Hook.CommandNotFound = async ({ id, config }) => {
  const [verb = ''] = id.split(':');
  const nearest = closest(verb, config.commandIDs);
  process.stderr.write(`Error: There is no command "${verb}". Did you mean ${nearest}?\n\n  Try:\n`);
  process.stderr.write(`    logistician ${nearest} --help\n    logistician --help\n`);
  process.exit(2);
};

export default hook;
