/** What a program of Node needs in its environment so that its clock runs faster: what it gives up after minutes it gives
 *  up after seconds. It sleeps as long as ever. */
export function fastClock(times: number): NodeJS.ProcessEnv {
  const script = `const{now}=Date,began=now();Date.now=()=>Math.round(began+(now()-began)*${times})`;
  return { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(script)}` };
}
