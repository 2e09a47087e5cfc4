import { execute } from '@oclif/core/execute';

// Whoever reads what we say has left, and what we do is not to be left half done for that. Nobody reads what we print:
// that ends us, as it ends every program.
process.stderr.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

export const main = (url: string) => execute({ dir: url });
