import { describe, expect, it } from 'vitest';
import { readParameters } from '../../../src/experiment/parameters.js';
import { readMembers } from './reading.js';

describe('readParameters', () => {
  it('fills in the defaults', () => {
    expect(readParameters('{"experiment_name": "e"}', 'p.json')).toEqual({
      experimentName: 'e',
      experimentCommand: null,
      projectGitUrl: null,
      code: null,
      conditions: [],
      argumentStyle: '--key value',
      target: 'local',
      objective: null,
      goal: 'maximize',
      metrics: {},
      hosts: [],
      inputs: {},
      gpus: 'auto',
      dockerBuildContext: 'experiment',
      dockerImageTransport: 'build',
      dockerRunArgs: [],
      dockerCommand: 'docker',
      remoteDockerCommand: 'docker',
      environment: {},
      secrets: [],
      maxHours: 24,
      idleMinutes: 10,
      tags: {},
      aws: {
        region: null,
        instanceType: 't3.micro',
        ami: null,
        amiUser: 'ubuntu',
        rootVolumeSize: 20,
        spot: false,
        maxMachines: null,
        maxPrice: null,
        subnetId: null,
        sshCidr: null,
        sshAddress: 'public',
        stateBucket: null,
      },
    });
  });

  it('reads every key', () => {
    const text = JSON.stringify({
      $schema: 'anything',
      experiment_name: 'rnn_2-b',
      experiment_command: ' python3 train.py\n',
      experiment_command_comment: ['anything', { at: 'all' }],
      project_git_url: 'https://example.org/rnn.git',
      experiment_conditions: ['--lr 0.1'],
      experiment_grid: { seed: [1] },
      argument_style: 'key=value',
      target: 'hosts',
      hosts: [
        'gpu1',
        { address: 'me@gpu2:2222', slots: 2, gpus: [0, 1], jump: 'me@gate' },
        'me@[fe80::1]:22',
      ],
      inputs: { mnist: '../data/mnist' },
      gpus: 2,
      docker_build_context: 'project',
      docker_image_transport: 'ssh',
      docker_run_args: ['--shm-size', '8g'],
      environment: { THREADS: 4, NAME: 'x y', ON: true },
      secrets: ['WANDB_API_KEY'],
      max_hours: 0.5,
      idle_minutes: 0,
      tags: { 'cost-center': 'A 1' },
      aws_region: 'us-gov-west-1',
      aws_instance_type: 'g4dn.xlarge',
      aws_ami: 'ami-a0edc8c0',
      aws_ami_user: 'admin',
      aws_root_volume_size: '30',
      aws_spot: true,
      aws_max_machines: 3,
      aws_max_price: 0.25,
      aws_subnet_id: 'subnet-12345678',
      aws_ssh_cidr: '203.0.113.7/32',
      aws_ssh_address: 'private',
      aws_state_bucket: 'my.bucket',
      local_docker_command: 'podman',
      remote_docker_command: 'nvidia-docker',
    });
    expect(readParameters(text, 'p.json')).toMatchObject({
      experimentName: 'rnn_2-b',
      experimentCommand: 'python3 train.py',
      projectGitUrl: 'https://example.org/rnn.git',
      conditions: [{ options: '--lr 0.1' }, { options: 'seed=1', parameters: '{"seed":1}' }],
      target: 'hosts',
      hosts: [
        { address: 'gpu1', slots: null, gpus: null, jump: null },
        { address: 'me@gpu2:2222', slots: 2, gpus: [0, 1], jump: 'me@gate' },
        { address: 'me@[fe80::1]:22', slots: null, gpus: null, jump: null },
      ],
      inputs: { mnist: '../data/mnist' },
      gpus: 2,
      dockerBuildContext: 'project',
      dockerImageTransport: 'ssh',
      dockerRunArgs: ['--shm-size', '8g'],
      dockerCommand: 'podman',
      remoteDockerCommand: 'docker',
      environment: { THREADS: '4', NAME: 'x y', ON: 'true' },
      secrets: ['WANDB_API_KEY'],
      maxHours: 0.5,
      idleMinutes: 0,
      tags: { 'cost-center': 'A 1' },
      aws: {
        region: 'us-gov-west-1',
        instanceType: 'g4dn.xlarge',
        ami: 'ami-a0edc8c0',
        amiUser: 'admin',
        rootVolumeSize: 30,
        spot: true,
        maxMachines: 3,
        maxPrice: '0.25',
        subnetId: 'subnet-12345678',
        sshCidr: '203.0.113.7/32',
        sshAddress: 'private',
        stateBucket: 'my.bucket',
      },
    });
  });

  it("reads a file of the original tool's as it is", () => {
    const text = `{
      "aws_ami": "ami-a0edc8c0",
      "aws_ami_comment": "Ubuntu 16.10 with Docker",
      "aws_ami_user": "ubuntu",
      "aws_instance_type": "t2.micro",
      "aws_region": "us-west-1",
      "experiment_conditions": ["--a 1 --b 2", "--a 3 --b 4"],
      "experiment_name": "addition-expt-1",
      "local_docker_command": "docker",
      "remote_docker_command": "nvidia-docker"
    }`;
    expect(readParameters(text, 'p.json')).toMatchObject({
      experimentName: 'addition-expt-1',
      experimentCommand: null,
      target: 'aws',
      gpus: 'auto',
      dockerCommand: 'docker',
      conditions: [{ argv: ['--a', '1', '--b', '2'] }, { argv: ['--a', '3', '--b', '4'] }],
      aws: { ami: 'ami-a0edc8c0', amiUser: 'ubuntu', instanceType: 't2.micro', region: 'us-west-1' },
    });
  });

  it('takes nvidia-docker for all GPUs, unless gpus says otherwise', () => {
    expect(readMembers('"local_docker_command": "nvidia-docker"')).toMatchObject({
      dockerCommand: 'docker',
      gpus: 'all',
    });
    expect(readMembers('"local_docker_command": "nvidia-docker", "gpus": 1').gpus).toBe(1);
    expect(readMembers('"gpus": 0').gpus).toBe('none');
  });

  it('goes to aws for aws_ keys alone: not for notes, not against target', () => {
    expect(readMembers('"aws_spot": false').target).toBe('aws');
    expect(readMembers('"aws_ami_comment": "later"').target).toBe('local');
    expect(readMembers('"aws_spot": false, "target": "local"').target).toBe('local');
  });

  it('keeps the digits of environment and price', () => {
    const { environment, aws } = readMembers(
      '"environment": {"LR": 1.0}, "aws_spot": true, "aws_max_price": 0.50',
    );
    expect(environment).toEqual({ LR: '1.0' });
    expect(aws.maxPrice).toBe('0.50');
  });

  it('takes a file with a byte order mark, and an empty remote for none', () => {
    expect(
      readParameters('\uFEFF{"experiment_name": "e", "project_git_url": ""}', 'p').projectGitUrl,
    ).toBeNull();
  });
});
