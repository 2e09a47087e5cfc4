import type { ArgumentStyle } from './arguments.js';

/** A machine of target `hosts`. */
export interface Host {
  /** `user@host:port`; user and port may be missing, and the host be a name from the SSH configuration. */
  readonly address: string;
  /** How many conditions run there at a time; null: from its CPUs, memory and GPUs. */
  readonly slots: number | null;
  /** Ids of the GPUs that we may use; null: all. */
  readonly gpus: readonly number[] | null;
  /** The machine through which it is reached, as an address; null: none. */
  readonly jump: string | null;
}

/** The `aws_` keys. Null: not given, and the target decides. */
export interface AwsParameters {
  readonly region: string | null;
  readonly instanceType: string;
  readonly ami: string | null;
  readonly amiUser: string;
  /** GiB. */
  readonly rootVolumeSize: number;
  readonly spot: boolean;
  /** How many machines may exist at a time; null: any number. */
  readonly maxMachines: number | null;
  /** Dollars an hour, as written. */
  readonly maxPrice: string | null;
  readonly subnetId: string | null;
  /** IPv4 in CIDR notation. */
  readonly sshCidr: string | null;
  readonly sshAddress: 'public' | 'private';
  readonly stateBucket: string | null;
}

/** The settings of a file that is valid by the schema. */
export interface Settings {
  readonly experiment_name: string;
  readonly experiment_command?: string;
  readonly project_git_url?: string;
  readonly argument_style?: ArgumentStyle;
  readonly target?: string;
  readonly objective?: string;
  readonly goal?: 'maximize' | 'minimize';
  readonly metrics?: Readonly<Record<string, string>>;
  readonly hosts?: readonly (string | (Pick<Host, 'address'> & Partial<Host>))[];
  readonly code?: readonly string[];
  readonly inputs?: Readonly<Record<string, string>>;
  readonly gpus?: 'auto' | 'all' | 'none' | number;
  readonly docker_build_context?: 'experiment' | 'project';
  readonly docker_image_transport?: 'build' | 'ssh';
  readonly docker_run_args?: readonly string[];
  readonly environment?: Readonly<Record<string, string | number | boolean>>;
  readonly secrets?: readonly string[];
  readonly max_hours?: number;
  readonly idle_minutes?: number;
  readonly tags?: Readonly<Record<string, string>>;
  readonly local_docker_command?: string;
  readonly remote_docker_command?: string;
  readonly aws_region?: string;
  readonly aws_instance_type?: string;
  readonly aws_ami?: string;
  readonly aws_ami_user?: string;
  readonly aws_root_volume_size?: number | string;
  readonly aws_spot?: boolean;
  readonly aws_max_machines?: number;
  readonly aws_max_price?: number | string;
  readonly aws_subnet_id?: string;
  readonly aws_ssh_cidr?: string;
  readonly aws_ssh_address?: 'public' | 'private';
  readonly aws_state_bucket?: string;
}
