// Reads and parses all receipts of a folder, and does nothing else: what history.js compares with.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [, , folder = '.'] = process.argv;
for (const name of readdirSync(folder))
  if (!name.startsWith('.')) JSON.parse(readFileSync(join(folder, name, 'run.json'), 'utf8'));
