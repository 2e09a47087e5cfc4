import { fileURLToPath } from 'node:url';
import { machineTools, type Recipe, seededImage, withBase } from '../machine-image.js';

const tools: Recipe = {
  name: 'logistician-test/cloud-machine-tools',
  folder: fileURLToPath(new URL('machine/', import.meta.url)),
  from: machineTools,
};

/** The image that machines of the cloud run, made if it is not there: those of a lab with systemd and cloud-init.
 *  No packet leaves such a machine, so that all that it is to have comes with it.
 *  @param more images that its engine has beside the base image */
export const cloudMachineImage = (more: readonly string[]): string =>
  seededImage('logistician-test/cloud-machine', tools, withBase(more), ['/sbin/init']);
