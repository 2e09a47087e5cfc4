import { execute } from '@oclif/core/execute';

export const main = (url: string) => execute({ dir: url });
