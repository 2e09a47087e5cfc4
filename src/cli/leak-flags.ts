import * as Flags from '@oclif/core/flags';

/** The flags of the verbs that look for leaks. */
export const leakFlags = (description: string) => ({
  leaks: Flags.boolean({ description }),
  region: Flags.string({
    helpValue: 'REGION',
    description: 'with --leaks: the AWS region to check, or all; default: that of the experiment',
    dependsOn: ['leaks'],
  }),
});
