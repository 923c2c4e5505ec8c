// SPDX-License-Identifier: Apache-2.0
// Holds schemas/openapi.yaml (or the file named) against the linter's recommended rules and those of
// this project. Prints each problem with its place; ends with 0 only when there is none at all.
import { fileURLToPath } from 'node:url';
import { createConfig, formatProblems, getTotals, lint } from '@redocly/openapi-core';

const document = process.argv[2] ?? fileURLToPath(new URL('../schemas/openapi.yaml', import.meta.url));

const rules = {
	'component-name-unique': 'off', // Person the schema and Person the answer are told apart by their place
	'no-http-verbs-in-paths': 'error',
	'no-invalid-parameter-examples': 'error',
	'no-invalid-schema-examples': 'error',
	'no-required-schema-properties-undefined': 'error',
	'operation-4xx-problem-details-rfc7807': 'error',
	'operation-description': 'off', // a summary that says it all is enough
	'operation-singular-tag': 'error',
	'operation-tag-defined': 'error',
	'parameter-description': 'error',
	'path-http-verbs-order': 'error',
	'paths-kebab-case': 'error',
	'request-mime-type': { severity: 'error', allowedValues: ['application/json', 'application/merge-patch+json', 'text/csv', 'image/png', 'image/svg+xml', 'application/octet-stream'] },
	'response-mime-type': {
		severity: 'error',
		allowedValues: ['application/json', 'application/problem+json', 'application/x-ndjson', 'text/csv', 'text/plain',
			'application/vc', 'application/vc+jwt', 'application/ld+json', 'application/did+json', 'application/jwk-set+json',
			'application/jose', 'text/html', 'image/png', 'image/svg+xml', 'application/pdf', 'application/octet-stream'],
	},
	'array-parameter-serialization': { severity: 'error', in: ['query'] },
	'spec-strict-refs': 'error',
	'rule/operation-id-noun-verb': {
		subject: { type: 'Operation', property: 'operationId' },
		message: 'operationId is noun_verb',
		assertions: { defined: true, pattern: '/^[a-z]+_[a-z]+$/' },
	},
	'rule/parameter-snake-case': {
		subject: { type: 'Parameter', property: 'name' },
		where: [{ subject: { type: 'Parameter', property: 'in' }, assertions: { enum: ['query', 'path'] } }],
		message: 'query and path parameters are in snake_case',
		assertions: { casing: 'snake_case' },
	},
};

const config = await createConfig({ extends: ['recommended'], rules });
// Open Badges 2.0 says what is left of a badge that is gone, and it is no problem of RFC 9457.
const problems = (await lint({ ref: document, config })).filter((one) =>
	one.ruleId !== 'operation-4xx-problem-details-rfc7807' || !one.location[0].pointer.endsWith('/BadgeGone'));
formatProblems(problems, { format: 'stylish', totals: getTotals(problems), version: 'openapi-core' });
console.log(`${document}: ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;
