// Loaded late: oclif reads the environment when it is loaded.
export { execute } from '@oclif/core/execute';
