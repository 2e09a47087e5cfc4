// bin/try-aws: asks, goes from step to step, ends all in every case, and writes the report.
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { credentialsOf, regionOf, versions } from './account.js';
import { endAll } from './left.js';
import { readOptions } from './options.js';
import { inCents, said } from './prices.js';
import { Record, scrubbed } from './record.js';
import { stepsOf } from './steps.js';
import { World } from './world.js';

const options = readOptions(process.argv.slice(2));
if (!options.yes && !process.stdin.isTTY)
  fail('it asks before it spends: run it at a terminal, or with --yes');
options.region ??= regionOf();
if (!options.region) fail('no region is set: --region REGION, or export AWS_REGION=…');

const world = new World(options.region);
const record = new Record();
let interrupted = false;
let isEnding = false;
let asking = null;
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, interrupt);

// The reader of this output may be gone: what was created is ended all the same.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

const left = await takeUp();
if (left.length > 0) stuck(left);
const name = `try-aws-${randomBytes(3).toString('hex')}`;
const steps = stepsOf(options, name);
const cents = steps.reduce((sum, step) => sum + step.cents, 0);
console.log(`At ${options.region}, in this order:`);
for (const step of steps)
  console.log(`  ${step.name}: ${step.about}${step.cents > 0 ? ` (${inCents(step.cents)})` : ''}`);
console.log(`In all ${inCents(cents)}; never more than two machines. By ${said}.`);
console.log(
  'However it ends, all that it created is terminated; machines that it could not reach any more end an hour later.',
);

world.make();
let end = 'It went to its end.';
try {
  Object.assign(world.env, await credentialsOf(world, options.role));
  for (const [what, seen] of await versions(world)) record.note(what, seen);
  for (const step of steps) await take(step);
} catch (error) {
  end = interrupted ? 'It was interrupted.' : `It was cut short: ${error.message.replace(/\.$/, '')}.`;
  console.error(scrubbed(end));
}
await finish();

function interrupt() {
  if (isEnding) return console.error('It is ending all that it created; please wait.');
  interrupted = true;
  asking?.close();
  world.interrupt();
}

async function take(step) {
  if (interrupted) throw new Error('interrupted');
  if (step.cents > 0 && !(await agreed(step))) throw new Error(`"${step.name}" was not wanted`);
  console.log(`==> ${step.name}`);
  const began = Date.now();
  const entry = { name: step.name, outcome: 'done', seconds: 0, said: '' };
  record.steps.push(entry);
  const before = record.differences;
  try {
    const outcome = await step.run({ world, record, options, name, isOver: () => interrupted });
    if (outcome && record.differences > before) entry.said = tail(outcome);
  } catch (error) {
    entry.outcome = error.message;
    throw error;
  } finally {
    entry.seconds = (Date.now() - began) / 1000;
  }
  if (interrupted) throw new Error('interrupted');
}

async function agreed({ about, cents }) {
  if (options.yes) return true;
  asking = createInterface({ input: process.stdin, output: process.stdout });
  asking.once('SIGINT', interrupt);
  const answer = await new Promise((resolve) => {
    asking.once('close', () => resolve(''));
    asking.question(`This ${about}, for ${inCents(cents)}. Go on? [y/N] `).then(resolve, () => {});
  });
  asking.close();
  return /^y(es)?$/i.test(answer.trim());
}

/** Ends what a try left that was killed. @returns what could not be ended */
async function takeUp() {
  if (!world.isThere) return [];
  if (world.holder !== null) fail(`another one runs: process ${world.holder}`);
  console.log('==> an earlier try was cut off: ending what it left');
  isEnding = true;
  const left = await endAll(world.asItWas());
  if (left.length === 0) world.remove();
  isEnding = false;
  return left;
}

async function finish() {
  isEnding = true;
  console.log('==> ending all');
  // As the user, who may more than the role that was tried.
  world.env = {};
  const left = await endAll(world);
  if (left.length === 0) world.remove();
  const after = left.length === 0 ? 'Nothing is left of it.' : `LEFT at AWS: ${left.join(', ')}.`;
  const path = resolve(options.report);
  writeFileSync(path, `${record.markdown(`Logistician at ${options.region}`, `${end} ${after}`)}`);
  console.log(
    `==> ${after} ${record.differences} of ${record.comparisons.length} things differ from the simulation.`,
  );
  console.log(`==> the report, to read and to paste into an issue: ${path}`);
  if (left.length > 0) stuck(left);
  process.exit(interrupted ? 130 : end.startsWith('It went') && record.differences === 0 ? 0 : 1);
}

function stuck(left) {
  console.error(`error: this could not be ended:\n  ${left.join('\n  ')}`);
  console.error(
    'It costs money. Run bin/try-aws again, which begins with it, or end it at the console of AWS.',
  );
  process.exit(3);
}

function fail(why) {
  console.error(`error: ${why}`);
  process.exit(2);
}

const tail = ({ stdout, stderr }) => `${stdout}\n${stderr}`.trim().split('\n').slice(-30).join('\n');
