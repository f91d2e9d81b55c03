// SPDX-License-Identifier: MIT
// node validate.js SCHEMA FILE ... - validates JSON files with ajv; one line for each error, status 1 when there is any.
'use strict';
const fs = require('fs');
const Ajv = require('ajv/dist/2020').default;
const formats = require('ajv-formats').default;

const [schema, ...files] = process.argv.slice(2);
const ajv = new Ajv({ strict: false, allErrors: true });
formats(ajv);
const valid = ajv.compile(JSON.parse(fs.readFileSync(schema, 'utf8')));
let bad = 0;
for (const file of files) {
	if (!valid(JSON.parse(fs.readFileSync(file, 'utf8')))) {
		bad = 1;
		for (const e of valid.errors)
			console.log(`${file}: ${e.instancePath || '/'} ${e.message}`);
	}
}
process.exit(bad);
