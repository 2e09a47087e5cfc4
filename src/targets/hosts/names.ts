import { parseAddress } from '../../tools/ssh/address.js';

/** Names for machines: the host's name alone, if it is unique. It is also their name for ssh. */
export function hostNames(addresses: readonly string[]): string[] {
  const short = addresses.map((address) => nameOf(parseAddress(address).host));
  return addresses.map((address, place) => {
    const own = short[place] ?? '';
    return short.filter((name) => name === own).length === 1 ? own : nameOf(address);
  });
}

const nameOf = (text: string) => text.replaceAll(/[^A-Za-z0-9_.-]+/g, '-').replaceAll(/^-|-$/g, '');
