import { setTimeout as sleep } from 'node:timers/promises';

/** What AWS lists that has the name of one of these experiments, each a kind and an id. @throws Error */
export async function listed(world, experiments) {
  const tag = `Name=tag:logistician.experiment,Values=${experiments.join(',')}`;
  const of = async (kind, verb, ...filters) => {
    const answer = await world.aws('ec2', verb, '--filters', tag, ...filters);
    const [field, id] = {
      instance: ['Reservations', 'InstanceId'],
      disk: ['Volumes', 'VolumeId'],
      'key pair': ['KeyPairs', 'KeyName'],
      'security group': ['SecurityGroups', 'GroupId'],
    }[kind];
    const found = (answer[field] ?? []).flatMap((one) => one.Instances ?? [one]);
    return found.map((one) => ({ kind, id: one[id], facts: one }));
  };
  const alive = 'Name=instance-state-name,Values=pending,running,shutting-down,stopping,stopped';
  const all = await Promise.all([
    of('instance', 'describe-instances', alive),
    of('disk', 'describe-volumes'),
    of('key pair', 'describe-key-pairs'),
    of('security group', 'describe-security-groups'),
  ]);
  return all.flat();
}

/** The same, once AWS has had some minutes to end what is ending. */
export async function leftOf(world, experiments, minutes = 5) {
  for (const end = Date.now() + minutes * 60_000; ; await sleep(5000)) {
    const left = await listed(world, experiments);
    if (left.length === 0 || Date.now() > end) return left;
  }
}

/** Ends all. @returns what is left, in words; empty: nothing */
export async function endAll(world) {
  const { experiments } = world;
  const failed = [];
  for (const name of experiments) {
    const end = ['terminate', `experiments/${name}`, '--yes', '--discard', '--grace', '0'];
    let ended = await world.logistician(end, 1200);
    for (let tries = 0; ended.code !== 0 && tries < 3; tries++) {
      await sleep(5000);
      ended = await world.logistician(end, 1200);
    }
    if (ended.code !== 0) failed.push(ended.stderr.trim().split('\n').slice(-8).join('\n'));
  }
  if (experiments.length === 0) return [];
  try {
    const left = await leftOf(world, experiments);
    return left.map(({ kind, id }) => `${kind} ${id}`);
  } catch (error) {
    return [...failed, `AWS could not be asked what is left: ${error.message}`];
  }
}
