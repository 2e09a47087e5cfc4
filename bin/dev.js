#!/usr/bin/env node
// Builds, then runs: for work on Logistician itself.
await import('../esbuild.config.js');
const { main } = await import('../dist/main.js');
await main(import.meta.url);
