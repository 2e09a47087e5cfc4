import { existsSync } from 'node:fs';
import * as Flags from '@oclif/core/flags';
import { ownLine, UserError } from '../errors.js';
import type { Host } from '../experiment/settings.js';
import type { Machines } from '../operations/deploy/request.js';
import { isAddress } from '../tools/ssh/address.js';
import { fingerprint } from '../tools/ssh/known-hosts.js';
import { sure } from './prompts.js';

/** Flags of commands that connect to machines for the first time. */
export const machineFlags = {
  hosts: Flags.string({
    helpValue: 'LIST',
    description:
      'machines of target hosts, such as me@gpu1,me@gpu2:2222, instead of those in parameters.json',
  }),
  'accept-new-host-keys': Flags.boolean({
    description:
      'trust machines that are not in known_hosts yet; a machine whose key has changed is still refused',
  }),
};

/** A command line in which `--hosts` may stand alone, for those of parameters.json: then as `--hosts=`. */
export const withListOrNone = (argv: readonly string[]): string[] =>
  argv.map((word, place) => {
    const next = argv[place + 1];
    const isAlone = next === undefined || next.startsWith('-') || existsSync(next);
    return word === '--hosts' && isAlone ? '--hosts=' : word;
  });

/** The machines that the flags name. @throws UserError for a word that is not an address */
export function machinesOf(
  flags: { readonly hosts?: string | undefined; readonly 'accept-new-host-keys': boolean },
  isTerminal: boolean,
): Machines {
  return {
    hosts: flags.hosts === undefined ? null : hostsIn(flags.hosts),
    trust: async (machine, key) => {
      if (flags['accept-new-host-keys']) return true;
      if (!isTerminal) return false;
      const message = `${machine} is not in known_hosts. Its ${key.type} host key is ${fingerprint(key)}. Is that right?`;
      return sure(message, false);
    },
  };
}

function hostsIn(list: string): Host[] {
  const addresses = list.split(/[,\s]+/).filter(Boolean);
  const twice = addresses.find((address, place) => addresses.indexOf(address) < place);
  if (twice !== undefined) {
    const once = [...new Set(addresses)].join(',');
    throw new UserError(
      `--hosts names ${twice} twice.`,
      [ownLine('deploy', ['--hosts', once, '--slots', '2'])],
      {
        exit: 2,
      },
    );
  }
  const bad = addresses.find((address) => !isAddress(address));
  if (bad !== undefined || addresses.length === 0) {
    throw new UserError(
      `--hosts takes machines with commas between them; ${bad === undefined ? 'it is empty' : `"${bad}" is not one`}.`,
      [ownLine('deploy', ['--hosts', 'me@gpu1,me@gpu2:2222'])],
      { exit: 2 },
    );
  }
  return addresses.map((address) => ({ address, slots: null, gpus: null, jump: null }));
}
