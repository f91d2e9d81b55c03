// SPDX-License-Identifier: MIT
//
// workflow.mjs MODULES workflow|action FILE - what GitHub's own parser has to say about FILE: a line each, status 1 when there are any.
import fs from 'node:fs';
import { register } from 'node:module';

// The package imports JSON in a way that not every version of node takes.
register('data:text/javascript,' + encodeURIComponent(`
	import fs from 'node:fs';
	import { fileURLToPath } from 'node:url';
	export async function load(url, context, next) {
		if (!url.endsWith('.json'))
			return next(url, context);
		return { format: 'module', shortCircuit: true, source: 'export default ' + fs.readFileSync(fileURLToPath(url), 'utf8') };
	}`));

const [modules, kind, name] = process.argv.slice(2);
const base = modules + '/@actions/workflow-parser/dist/';
const { parseWorkflow, NoOperationTraceWriter, convertWorkflowTemplate } = await import(base + 'index.js');
const { parseAction } = await import(base + 'actions/action-parser.js');
const parse = kind === 'action' ? parseAction : parseWorkflow;
const result = parse({ name, content: fs.readFileSync(name, 'utf8') }, new NoOperationTraceWriter());
const errors = result.context.errors.getErrors().map((error) => error.message);

if (kind === 'workflow' && result.value) {
	const template = await convertWorkflowTemplate(result.context, result.value);

	errors.push(...(template.errors ?? []).map((error) => error.Message));
}
for (const error of new Set(errors))
	console.log(error);
process.exit(errors.length ? 1 : 0);
