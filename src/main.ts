import { execute } from '@oclif/core';

export const main = (url: string) => execute({ dir: url });
