import { isMissing } from './engines.js';
import { machineImage } from './machine-image.js';

/** Before files run side by side that all need it. */
export default function setup(): void {
  if (!isMissing('docker')) machineImage();
}
