import { describe, expect, it } from 'vitest';
import { played } from '../support/docs/pages.js';
import { Stage } from '../support/docs/stage.js';
import { isLeftOut } from '../support/engines.js';
import { pythonImage } from '../support/example-image.js';

/** test/support/docs does what a page tells its reader to do, in a terminal of 80 columns. UPDATE_GOLDEN=1 writes what is
 *  printed now into the page. */
describe.skipIf(isLeftOut('docker', 'git', 'bash', 'jq'))('the docs are run', () => {
  it.each(played.here)('%s shows what is printed', async (page) => {
    const stage = new Stage(page, pythonImage());
    try {
      await stage.play();
      expect(stage.differences).toEqual([]);
    } finally {
      await stage.remove();
    }
  });
});
