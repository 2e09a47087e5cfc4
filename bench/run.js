// Measures what docs/performance.md shows, and writes it: `npm run bench`. With names of parts (`npm run bench --
// hosts`) it measures only those, and leaves the other rows as they are. Needs Docker, sshd, rsync and a built dist/;
// what is measured at the test cloud is left out if that is not available.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cloud } from './cloud.js';
import { history, manyRuns } from './history.js';
import { hosts } from './hosts.js';
import { many } from './many.js';
import { inTurns, median, seconds, sh } from './measure.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const cli = [process.execPath, join(root, 'bin/run.js')];
const work = mkdtempSync(join(tmpdir(), 'logistician-bench-'));
const image = 'debian:bookworm-slim';
const rows = [];

/** @param bound the largest value that is good; null: any is. */
function row(what, value, bound, detail, show = (number) => `${number.toFixed(2)} ×`) {
  const good = bound === null || value <= bound;
  rows.push({ what, value: show(value), bound: bound === null ? '' : show(bound), good, detail });
  const most = bound === null ? '' : `at most ${show(bound)}; `;
  console.log(`${good ? 'ok  ' : 'OVER'}  ${what}: ${show(value)} (${most}${detail})`);
}

const ms = (value) => `${Math.round(value * 1000)} ms`;
const inSeconds = (value) => `${value.toFixed(2)} s`;

/** A project with an experiment whose job does nothing, its image built. */
function project(name, conditions, files = 0) {
  const folder = join(work, name);
  const experiment = join(folder, 'experiment');
  mkdirSync(experiment, { recursive: true });
  for (let file = 0; file < files; file++) {
    const inside = join(folder, 'files', String(file % 100));
    mkdirSync(inside, { recursive: true });
    writeFileSync(join(inside, `${file}.txt`), `${file}\n`);
  }
  writeFileSync(join(experiment, 'Dockerfile'), `FROM ${image}\n`);
  const parameters = {
    experiment_name: `bench-${name}`,
    experiment_command: 'true',
    target: 'local',
    ...conditions,
  };
  writeFileSync(join(experiment, 'parameters.json'), JSON.stringify(parameters, null, 2));
  sh(
    'git init -q . && git config user.name b && git config user.email b@localhost && git add -A && git commit -qm b',
    folder,
  );
  return { folder, experiment };
}

function start() {
  const { experiment } = project('start', { experiment_grid: { lr: [0.1, 0.01], seed: [1, 2, 3] } });
  for (const words of [['--version'], ['--help'], ['conditions', experiment]]) {
    const [ours, node] = inTurns(
      15,
      () => seconds([...cli, ...words]),
      () => seconds([process.execPath, '-e', '0']),
    );
    row(`start of \`${words[0]}\` over \`node -e 0\``, ours / node, 2.5, `${ms(ours)} over ${ms(node)}`);
  }
}

function run() {
  const { experiment } = project('run', { experiment_conditions: [''] });
  seconds([...cli, 'run', experiment]);
  const byHand = containerLine(experiment);
  const [ours, docker] = inTurns(
    7,
    () => seconds([...cli, 'run', experiment]),
    () => seconds(byHand),
  );
  row('`run` more than `docker run` by hand', ours - docker, 0.3, `${ms(ours)} and ${ms(docker)}`, inSeconds);
}

/** The `docker run` of a run that was made, as a person would repeat it: without what tells it from others, and with
 * `--rm`, because nothing else removes it. */
function containerLine(experiment) {
  const [run] = readdirSync(join(experiment, 'runs')).filter((name) => !name.startsWith('.'));
  const record = JSON.parse(readFileSync(join(experiment, 'runs', run, 'run.json'), 'utf8'));
  const home = join(work, 'home-by-hand');
  mkdirSync(home, { recursive: true });
  const line = record.container_line
    .replace(/--name \S+/, '--rm')
    .replace(/source=\S+,target=\/home\/logistician/, `source=${home},target=/home/logistician`);
  return ['sh', '-c', `exec ${line}`];
}

function snapshot() {
  const { folder, experiment } = project('snapshot', { experiment_conditions: [''] }, 10_000);
  // The lines that it prints, and the one look before them.
  const printed = spawnSync(cli[0], [cli[1], 'build', '--dry-run', experiment], { encoding: 'utf8' }).stderr;
  const lines = printed.split('\n').filter((line) => /^\$ (cp |GIT_INDEX_FILE=)/.test(line));
  const look = `git -C ${folder} -c core.quotePath=true ls-files --stage --others --exclude-standard`;
  const take = [look, ...lines.map((line) => line.slice(2))].join(' && ');
  const status = ['git', '-C', folder, 'status'];
  const [ours, git] = inTurns(
    15,
    () => seconds(['sh', '-c', take]),
    () => seconds(status),
  );
  row(
    'snapshot of an unchanged tree of 10,000 files over `git status`',
    ours / git,
    2,
    `${ms(ours)} over ${ms(git)}`,
  );
}

function expansion() {
  const list = Array.from({ length: 10_000 }, (_, seed) => ({ lr: 0.1, seed }));
  const { experiment } = project('expansion', { experiment_conditions: list });
  const took = median(Array.from({ length: 5 }, () => seconds([...cli, 'conditions', experiment])));
  row('expansion and validation of 10,000 conditions', took, 1, 'the whole command', inSeconds);
}

function deploy() {
  const { experiment } = project('deploy', {
    experiment_grid: { seed: Array.from({ length: 20 }, (_, seed) => seed) },
  });
  seconds([...cli, 'build', experiment]);
  const twenty = Array.from(
    { length: 20 },
    (_, place) => `docker run -d --name logistician-bench-${place} ${image} true`,
  );
  const remove = () =>
    sh(`docker rm -f ${twenty.map((_, place) => `logistician-bench-${place}`).join(' ')} >/dev/null`);
  const byHand = () => {
    const took = seconds(['sh', '-c', `${twenty.join(' && ')} >/dev/null`]);
    remove();
    return took;
  };
  const ours = () => {
    const took = seconds([...cli, 'deploy', '--yes', '--wait', '--force', experiment]);
    seconds([...cli, 'terminate', '--yes', experiment]);
    return took;
  };
  const [deployed, docker] = inTurns(3, ours, byHand);
  row(
    '`deploy --wait` of 20 trivial conditions over 20 × `docker run -d`',
    deployed / docker,
    1.5,
    `${inSeconds(deployed)} over ${inSeconds(docker)}`,
  );
}

/** Synthesis as the target does it: the module loaded, the text made, in a process of its own. */
function synthesis() {
  const made = (count) => JSON.parse(sh(`${process.execPath} bench/synthesis.js ${count}`, root));
  const runs = (count, times) => Array.from({ length: times }, () => made(count));
  const [thousand, most] = [runs(1000, 5), runs(10_000, 3)];
  const took = (all) => median(all.map((one) => one.seconds));
  row('synthesis of 1,000 conditions', took(thousand), 1, 'user data and all', inSeconds);
  row('synthesis of 10,000 conditions', took(most), 12, `${(most[0].bytes / 1e6).toFixed(0)} MB`, inSeconds);
  const ratio = took(most) / took(thousand);
  row('synthesis of 10,000 conditions over that of 1,000', ratio, 12, 'linear is 10');
  const memory = Math.max(...most.map((one) => one.memory));
  row('memory of synthesis of 10,000 conditions', memory, 1024, 'most', (mib) => `${mib.toFixed(0)} MiB`);
}

function size() {
  const [{ unpackedSize }] = JSON.parse(sh('npm pack --dry-run --json --ignore-scripts', root));
  row(
    'installed size, without dependencies as there are none',
    unpackedSize / 1e6,
    25,
    'npm pack',
    (mb) => `${mb.toFixed(1)} MB`,
  );
}

function report() {
  const page = join(root, 'docs/performance.md');
  const whatOf = (line) => line.split(' | ', 1)[0];
  const measured = rows.map(
    ({ what, value, bound, good, detail }) =>
      `| ${what} | ${value} | ${bound} | ${bound === '' ? '' : good ? 'yes' : '**no**'} | ${detail} |`,
  );
  const fresh = new Map(measured.map((line) => [whatOf(line), line]));
  const before = readFileSync(page, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| ') && !/^\| (what|---) /.test(line));
  const all = wanted.length === 0 ? measured : before.map((line) => fresh.get(whatOf(line)) ?? line);
  const lines = [...all, ...measured.filter((line) => !all.includes(line))];
  const where = `${cpus().length} × ${cpus()[0].model.trim()}, Node ${process.versions.node}, Docker ${sh("docker version --format '{{.Server.Version}}'").trim()}`;
  // It makes Node read those certificates at each start, ours and that of `node -e 0`.
  const certificates = process.env.NODE_EXTRA_CA_CERTS ? ', NODE_EXTRA_CA_CERTS set' : '';
  writeFileSync(
    page,
    `# Performance

Made by \`npm run bench\`: ratios within one run, because machines differ. Medians; what is compared was
measured in turns. Rows with seconds alone say as much of the machine as of the program. Machine: ${where}${certificates}.

| what | measured | at most | kept | from |
| --- | --- | --- | --- | --- |
${lines.join('\n')}
`,
  );
}

const wanted = process.argv.slice(2);
try {
  statSync(join(root, 'dist/main.js'));
  const parts = {
    ...{ start, run, snapshot, expansion, deploy, synthesis, size },
    many: () => many({ work, cli, project, row, inSeconds }),
    history: () => history({ work, cli, project, row, inSeconds }),
    'many-runs': () => manyRuns({ work, cli, project, row, inSeconds }),
    hosts: () => hosts({ work, cli, project, row, inSeconds }),
    cloud: () => cloud({ work, cli, project, row, inSeconds }),
  };
  for (const [name, part] of Object.entries(parts))
    if (wanted.length === 0 || wanted.includes(name)) await part();
  report();
} finally {
  rmSync(work, { recursive: true, force: true });
}
process.exitCode = rows.every(({ good }) => good) ? 0 : 1;
