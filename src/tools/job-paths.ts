/** The paths of a job, absolute, as the job sees them. */
export interface JobPaths {
  readonly configuration: string;
  readonly input: string;
  readonly output: string;
  readonly measures: string;
  readonly summary: string;
  readonly state: string;
}

/** The layout is the same below any data folder. */
export const pathsIn = (data: string): JobPaths => ({
  configuration: `${data}/config/configuration.json`,
  input: `${data}/input`,
  output: `${data}/results`,
  measures: `${data}/measures`,
  summary: `${data}/measures/summary.json`,
  state: `${data}/state`,
});

/** Default variables of a job. Python buffers output to a pipe, and loses the buffer when it is killed. */
export const defaultVariables: Readonly<Record<string, string>> = { PYTHONUNBUFFERED: '1' };

/** The variables that tell a job its paths. */
export const variablesOf = (paths: JobPaths): readonly (readonly [name: string, value: string])[] => [
  ['CONFIGURATION_FILE', paths.configuration],
  ['LOGISTICIAN_INPUT_DIRECTORY', paths.input],
  ['LOGISTICIAN_OUTPUT_DIRECTORY', paths.output],
  ['LOGISTICIAN_MEASURES_DIRECTORY', paths.measures],
  ['LOGISTICIAN_SUMMARY_MEASURES_PATH', paths.summary],
  ['LOGISTICIAN_STATE_DIRECTORY', paths.state],
];
