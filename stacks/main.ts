// The stack by hand, for the cdktf CLI: reads the plan of a deployment, writes cdktf.out/. It uses the deployment's own
// state, so that existing resources are seen.
//
//   npm run build && LOGISTICIAN_PLAN=experiments/1/.logistician/terraform/plan.json npx cdktf-cli diff
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { App } from 'cdktf';
import { ExperimentStack } from './experiment-stack.js';
import type { StackPlan } from './stack-plan.js';

const path = resolve(process.env.LOGISTICIAN_PLAN ?? '.logistician/terraform/plan.json');
const app = new App({ stackTraces: false });
const plan = JSON.parse(readFileSync(path, 'utf8')) as StackPlan;
new ExperimentStack(app, plan, resolve(dirname(path), 'terraform.tfstate'));
app.synth();
