// Loaded into the command line that is measured: what it has used at its end, as JSON in a file.
const { writeFileSync } = require('node:fs');

const { BENCH_USAGE } = process.env;
if (BENCH_USAGE)
  process.on('exit', () => writeFileSync(BENCH_USAGE, JSON.stringify(process.resourceUsage())));
