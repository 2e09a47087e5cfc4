// Joins the parts of the runner into the one file that is brought to machines.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const parts = [
  ...[
    'process',
    'lock',
    'place',
    'state',
    'engine-docker',
    'facts',
    'slots',
    'keep',
    'watch',
    'prepare',
    'job',
    'attach',
  ],
  ...['queue', 'stop', 'report', 'repository', 'main'],
];

const heading = `#!/bin/sh
# Runs conditions on a machine: this one, a lab machine or one in the cloud. Nothing else needs to be
# alive while it does. It is given
#
#   a queue    a folder: waiting/ (links to job folders, in order), slots/N/ (the worker, its job), host (the computer)
#   a job      a folder: job.sh (what to run), state.json (how far it is), logs/ while it is not at its end
#
# and job.sh defines
#
#   run, name, max_seconds             the run's id, its container's name, its deadline
#   work                               the folder of data/, source/ and home/, which the container sees; without it the
#                                      job's folder. Of the job's folder the container sees nothing else
#   docker                             the words of the docker program
#   image, bases                       the image, and what it is built on: names with blanks between them
#   fetch, find_image, build, start    what to do, each a function made of printed command lines
#   each_submodule                     calls what it is given with the path of each in the checkout
#
# Everything is in functions, and the last line calls one of them: a shell has then read the whole file
# before it acts, and a new version of this file cannot disturb a runner at work.
#
# Made by join-runner.js from the parts in runner/: changes belong there.

# What job.sh sets, and what it reads; the docker program may be several words:
# shellcheck disable=SC2154,SC2034,SC2086

# A fork costs more than most of what is done here, and all of it is done for each job: what a function finds it
# leaves in a variable that its comment names, rather than print it for a \`$(...)\`.
`;

/** Writes templates/machine/runner.sh, whole or not at all. */
export function joinRunner() {
  const folder = fileURLToPath(new URL('.', import.meta.url));
  // The first line of a part is for shellcheck.
  const textOf = (part) => readFileSync(`${folder}runner/${part}.sh`, 'utf8').replace(/^.*\n/, '');
  const whole = `${folder}runner.sh`;
  const fresh = `${whole}.${process.pid}`;
  writeFileSync(fresh, [heading, ...parts.map(textOf)].join('\n'));
  renameSync(fresh, whole);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) joinRunner();
