import { type Command, command } from '../shell/command.js';

/** Copies the state from which a job continues into its data, on this computer: atomically, and only once. Links stay
 * links.
 * @param state a folder.
 * @param data the job's folder `data` */
export const copyState = (state: string, data: string): Command =>
  command('sh', '-c', copying, 'sh', state, `${data}/state`);

const copying =
  '[ -e "$2" ] || { rm -rf "$2.new" && mkdir -p "$(dirname "$2")" && cp -RPp "$1" "$2.new" && mv "$2.new" "$2"; } || { rm -rf "$2.new"; exit 1; }';
