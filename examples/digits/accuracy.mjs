// Prints the accuracy of each condition of an experiment, the best first, from what its runs left.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const runs = join(process.argv[2] ?? '.', 'runs');
const read = (...path) => JSON.parse(readFileSync(join(runs, ...path), 'utf8'));

const rows = (existsSync(runs) ? readdirSync(runs) : [])
  .filter((run) => existsSync(join(runs, run, 'data/measures/summary.json')))
  .map((run) => ({
    condition: read(run, 'run.json').recipe.condition.argv.join(' '),
    ...read(run, 'data/measures/summary.json'),
  }))
  .sort((one, other) => other.accuracy - one.accuracy);

if (rows.length === 0) {
  console.error(`no measures under ${runs}`);
  process.exit(1);
}

const width = Math.max(...rows.map((row) => row.condition.length));
console.log(`${'CONDITION'.padEnd(width)}  ACCURACY     LOSS  SECONDS`);
for (const { condition, accuracy, loss, seconds } of rows) {
  const numbers = [
    accuracy.toFixed(4).padStart(8),
    loss.toFixed(4).padStart(7),
    seconds.toFixed(1).padStart(7),
  ];
  console.log(`${condition.padEnd(width)}  ${numbers.join('  ')}`);
}
