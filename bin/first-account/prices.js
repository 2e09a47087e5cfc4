/** US dollars, of AWS's public price list for us-east-1 as it was in 2025, Linux, on demand. Not asked for: look them up. */
const prices = {
  /** An hour of a t3.micro. */
  machine: 0.0104,
  /** An hour of a public IPv4 address in use. */
  address: 0.005,
  /** A GiB of a gp3 disk for a month of 730 hours. */
  disk: 0.08,
};

const diskGiB = 20;

/** Cents for machines that run so many minutes, each with its address and its disk. */
export function centsOf(machines, minutes) {
  const { machine, address, disk } = prices;
  return machines * (minutes / 60) * (machine + address + (disk * diskGiB) / 730) * 100;
}

export const inCents = (cents) => `${cents < 1 ? 'less than 1 cent' : `about ${Math.ceil(cents)} cents`}`;

export const said = `t3.micro $${prices.machine} an hour, a public address $${prices.address} an hour, disks $${prices.disk} a GiB and month: figures for us-east-1 from AWS's price list, which you should check for your region and type`;
