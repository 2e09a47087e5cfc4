// What runs: a job that prints and writes a word, and one that fails.

const job = `set -eu
case $1 in
  --say)
    echo "hello from $2"
    echo "$2" >/data/results/said.txt
    if timeout 5 bash -c 'exec 3<>/dev/tcp/169.254.169.254/80' 2>/dev/null; then
      echo 'the metadata service is open'
    else
      echo 'the metadata service is closed'
    fi
    ;;
  --fail) exit "$2" ;;
esac
`;

/** Writes an experiment, and commits it. */
export async function write(world, options, name, settings) {
  if (!world.list().includes('job.sh')) {
    await world.git('init', '--quiet', '--initial-branch', 'main');
    world.write('job.sh', job);
  }
  world.write(`experiments/${name}/Dockerfile`, 'FROM debian:bookworm-slim\n');
  const parameters = {
    experiment_name: name,
    experiment_command: 'sh job.sh',
    target: 'aws',
    aws_region: options.region,
    aws_instance_type: options.type,
    aws_max_machines: 2,
    // A machine that all else forgets ends an hour later.
    max_hours: 0.5,
    ...(options.subnet && { aws_subnet_id: options.subnet }),
    ...(options.private && { aws_ssh_address: 'private' }),
    ...settings,
  };
  world.write(`experiments/${name}/parameters.json`, `${JSON.stringify(parameters, null, 2)}\n`);
  await world.git('add', '--all');
  await world.git('commit', '--quiet', '--no-verify', '--message', `Try ${name}`);
  return `experiments/${name}`;
}
