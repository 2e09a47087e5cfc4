/** The text of supervisor.js, which the build puts into the program. */
declare const text: string;
export default text;
