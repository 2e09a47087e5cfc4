// A queue of plain processes: what runs the jobs of one deployment on this computer, so many at a time. The target puts
// this file into the spool, where it depends on nothing but Node.
//
//   begin SPOOL            has a supervisor work on it, unless one does
//   alive SPOOL            succeeds if one does
//   stop SPOOL GRACE RUN…  ends jobs; prints `not-ended RUN` for each that has not ended in the end
//   end SPOOL              ends everything at once
//
// SPOOL/at-once, SPOOL/known/RUN, and SPOOL/jobs/RUN/ with job.json and job.sh, written by the target; state.json, process
// and log-index, written here; `exit`, the job's exit code, by job.sh; work/, which is the job's own.
import { spawn } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { hostname, release, type } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const [verb, spool = '', ...words] = process.argv.slice(2);
const jobs = join(spool, 'jobs');
const lock = join(spool, 'supervisor');
const ofJob = (run, name) => join(jobs, run, name);

function textOf(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

function write(path, text) {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

/** The number and the start of a living process, by which it is known again; null: it has ended. */
function nameOf(pid) {
  const fields = textOf(`/proc/${pid}/stat`)
    ?.replace(/^.*\) /, '')
    .split(' ');
  return !fields || fields[0] === 'Z' ? null : `${pid} ${fields[19]}`;
}

/** The number of the process that a file names, if it lives. */
function livingIn(path) {
  const name = textOf(path);
  const pid = Number(name?.split(' ')[0]);
  return name && nameOf(pid) === name ? pid : null;
}

function signal(group, name) {
  try {
    process.kill(-group, name);
  } catch {
    // It has ended.
  }
}

const runs = () =>
  (existsSync(jobs) ? readdirSync(jobs) : []).filter((run) => existsSync(ofJob(run, 'job.json')));
const jobOf = (run) => JSON.parse(textOf(ofJob(run, 'job.json')));
const stateOf = (run) => JSON.parse(textOf(ofJob(run, 'state.json')) ?? 'null');
const ends = ['succeeded', 'failed', 'stopped', 'lost'];
const hasEnded = (run) => ends.includes(stateOf(run)?.state);
const now = () => new Date().toISOString();

function enter(run, state, changes = {}) {
  const before = stateOf(run) ?? {
    ...{ run, state, reason: null, exit_code: null, slot: null, gpus: null, container: null, image: null },
    ...{ machine: hostname(), boot: textOf('/proc/sys/kernel/random/boot_id')?.trim() ?? 'unknown' },
    ...{ started: null, finished: null, kept: null, times: {} },
    engine: { name: 'process', version: `${type()} ${release()}` },
  };
  const times = { ...before.times, [state]: now() };
  write(ofJob(run, 'state.json'), `${JSON.stringify({ ...before, ...changes, state, times })}\n`);
}

function start(run, slot) {
  const log = openSync(ofJob(run, 'work/data/logs/docker.txt'), 'a');
  const child = spawn('sh', ['job.sh'], {
    cwd: join(jobs, run),
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  write(ofJob(run, 'process'), nameOf(child.pid) ?? `${child.pid} gone`);
  enter(run, 'running', { slot: String(slot), started: now() });
}

function conclude(run, code) {
  const why = JSON.parse(textOf(ofJob(run, 'stop')) ?? 'null')?.why;
  const exit_code = code ?? (why ? 137 : null);
  const [state, reason] = why
    ? ['stopped', why]
    : code === null
      ? ['lost', 'runner']
      : code === 0
        ? ['succeeded', null]
        : ['failed', 'exit'];
  enter(run, state, { reason, exit_code, finished: now() });
}

/** When each job was told to end, by run. */
const told = new Map();

function watch(run) {
  const { size } = statSync(ofJob(run, 'work/data/logs/docker.txt'), { throwIfNoEntry: false }) ?? {
    size: 0,
  };
  if (size !== told.get(`${run} size`)) appendFileSync(ofJob(run, 'log-index'), `${Date.now()} ${size}\n`);
  told.set(`${run} size`, size);
  const group = livingIn(ofJob(run, 'process'));
  const exit = textOf(ofJob(run, 'exit'));
  if (exit !== null || group === null) {
    // What it has left running ends with it.
    signal(Number.parseInt(textOf(ofJob(run, 'process')) ?? '', 10), 'SIGKILL');
    // It may have ended between the two looks.
    const last = exit ?? textOf(ofJob(run, 'exit'));
    return conclude(run, last === null ? null : Number(last));
  }
  const late = Date.now() - Date.parse(stateOf(run).started) >= jobOf(run).max_seconds * 1000;
  if (late && !existsSync(ofJob(run, 'stop')))
    write(ofJob(run, 'stop'), JSON.stringify({ why: 'deadline', grace: 30 }));
  const stop = JSON.parse(textOf(ofJob(run, 'stop')) ?? 'null');
  if (!stop) return;
  if (!told.has(run)) {
    told.set(run, Date.now());
    signal(group, 'SIGTERM');
  } else if (Date.now() - told.get(run) >= stop.grace * 1000) signal(group, 'SIGKILL');
}

function step() {
  const open = runs().filter((run) => !hasEnded(run) && stateOf(run));
  const running = open.filter((run) => stateOf(run).state === 'running');
  running.forEach(watch);
  const taken = new Set(running.filter((run) => !hasEnded(run)).map((run) => stateOf(run).slot));
  const free = Array.from({ length: Number(textOf(join(spool, 'at-once'))) }, (_, slot) =>
    String(slot),
  ).filter((slot) => !taken.has(slot));
  const waiting = open.filter((run) => stateOf(run).state === 'pending');
  for (const run of waiting.sort((one, other) => jobOf(one).order - jobOf(other).order)) {
    if (existsSync(ofJob(run, 'stop'))) enter(run, 'stopped', { reason: 'user' });
    else if (free.length > 0) start(run, free.shift());
  }
  return open.length > 0;
}

async function work() {
  if (livingIn(lock)) return;
  write(lock, nameOf(process.pid));
  do {
    while (step()) await sleep(50);
    rmSync(lock);
    // A job may have come at this moment, whose `begin` has still seen us.
    if (!step()) return;
    write(lock, nameOf(process.pid));
  } while (existsSync(spool));
}

async function begin() {
  for (const run of runs()) if (!stateOf(run)) enter(run, 'pending');
  if (livingIn(lock) || runs().every(hasEnded)) return;
  const self = fileURLToPath(import.meta.url);
  const child = spawn(process.execPath, [self, 'work', spool], { detached: true, stdio: 'ignore', cwd: '/' });
  child.unref();
  while (child.exitCode === null && !livingIn(lock)) await sleep(10);
}

async function stop([grace = '10', ...wanted]) {
  const known = wanted.filter((run) => existsSync(ofJob(run, 'job.json')));
  for (const run of known.filter((one) => !hasEnded(one)))
    write(ofJob(run, 'stop'), JSON.stringify({ why: 'user', grace: Number(grace) }));
  await begin();
  const last = Date.now() + (Number(grace) + 60) * 1000;
  while (!known.every(hasEnded) && Date.now() < last) await sleep(50);
  const left = wanted.filter((run) => !known.includes(run) || !hasEnded(run));
  for (const run of left) console.log(`not-ended ${run}`);
  process.exitCode = left.length > 0 ? 1 : 0;
}

function end() {
  const supervisor = livingIn(lock);
  if (supervisor) process.kill(supervisor, 'SIGKILL');
  for (const run of runs()) {
    const group = livingIn(ofJob(run, 'process'));
    if (group) signal(group, 'SIGKILL');
  }
}

if (verb === 'work') await work();
else if (verb === 'begin') await begin();
else if (verb === 'alive') process.exitCode = livingIn(lock) ? 0 : 1;
else if (verb === 'stop') await stop(words);
else if (verb === 'end') end();
else process.exitCode = 2;
