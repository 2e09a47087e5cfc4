/** The pages that are played: each is the source of its own test. */
export const played = {
  /** With the engine of this computer: test/e2e/docs.test.ts. */
  here: [
    'README.md',
    'docs/guide/first-sweep.md',
    'docs/guide/coming-from.md',
    'docs/guide/what-happens-when.md',
    'docs/guide/selecting.md',
    'docs/guide/runs-as-data.md',
    'docs/guide/by-hand.md',
  ],
  /** With machines: test/hosts/docs.test.ts. */
  onMachines: 'docs/guide/your-own-machines.md',
} as const;
