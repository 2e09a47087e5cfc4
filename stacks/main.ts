// The stack by hand, through the cdktf CLI or without it: reads a plan, writes cdktf.out/.
//
//   LOGISTICIAN_PLAN=experiments/1/.logistician/terraform/plan.json cdktf diff
import { readFileSync } from 'node:fs';
import { App } from 'cdktf';
import { ExperimentStack } from './experiment-stack.js';
import type { StackPlan } from './stack-plan.js';

const path = process.env.LOGISTICIAN_PLAN ?? '.logistician/terraform/plan.json';
const app = new App({ stackTraces: false });
new ExperimentStack(app, JSON.parse(readFileSync(path, 'utf8')) as StackPlan);
app.synth();
