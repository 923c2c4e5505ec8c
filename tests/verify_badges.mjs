// SPDX-License-Identifier: Apache-2.0
// Holds badges against implementations that are not ours, with no network: verify_badges.mjs FOLDER [FOLDER...]
// A FOLDER has badge.json, and what it is checked by: did.json, jwks.json, status.json; badge.jwt where there is one.
// Contexts and the official schema come from SKILLSD_SHARED. Prints a line of JSON for each folder, {check: null or why it does not hold}.
import { readFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { DataIntegrityProof } from '@digitalbazaar/data-integrity';
import { createVerifyCryptosuite } from '@digitalbazaar/eddsa-jcs-2022-cryptosuite';
import { verifyCredential } from '@digitalbazaar/vc';
import { checkStatus } from '@digitalbazaar/vc-bitstring-status-list';
import Ajv from 'ajv/dist/2019.js';
import addFormats from 'ajv-formats';
import { createLocalJWKSet, jwtVerify } from 'jose';
import jsonld from 'jsonld';

const contexts = {
	'https://www.w3.org/ns/credentials/v2': 'credentials-v2',
	'https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json': 'ob-context-3.0.3',
	'https://purl.imsglobal.org/spec/ob/v3p0/extensions.json': 'ob-context-extensions',
};
const suite = new DataIntegrityProof({ cryptosuite: createVerifyCryptosuite() });

async function read(path) {
	return JSON.parse(await readFile(path, 'utf8'));
}

function loaderOf(...documents) {
	const known = new Map(documents.map((one) => [one.id, one]));
	return async (url) => {
		const file = `${process.env.SKILLSD_SHARED}/data/openbadges/contexts/${contexts[url]}.json`;
		const document = known.get(url) ?? (contexts[url] && await read(file));
		if (!document) throw new Error(`nothing is at ${url}`);
		return { documentUrl: url, document: structuredClone(document) };
	};
}

function must(result) {
	if (!result.verified) throw result.error?.errors?.[0] ?? result.error ?? new Error('it does not hold');
}

const ajv = addFormats(new Ajv({ allErrors: true, strict: false }));
const fits = ajv.compile(await read(`${process.env.SKILLSD_SHARED}/data/openbadges/ob3-schema/achievementcredential.json`));

async function checkSchema(credential) {
	if (!fits(credential)) throw new Error(ajv.errorsText(fits.errors));
}

async function checkProof(credential, documentLoader) {
	const unchecked = async () => ({ verified: true });
	must(await verifyCredential({ credential, suite, documentLoader, checkStatus: unchecked }));
}

async function checkRevoked(credential, documentLoader) {
	const found = await checkStatus({ credential, suite, documentLoader });
	must(found);
	for (const one of found.results)
		if (one.status) throw new Error(`its bit of ${one.credentialStatus.statusPurpose} is set`);
}

// 1EdTech's validator takes RS256 and ES256, and no other.
async function checkJwt(text, badge, jwks) {
	const { payload } = await jwtVerify(text.trim(), createLocalJWKSet(jwks), {
		algorithms: ['ES256', 'RS256'], issuer: badge.issuer.id, subject: badge.credentialSubject.id, typ: 'JWT' });
	const { iss, sub, jti, nbf, exp, iat, ...credential } = payload;
	const { proof, ...unsecured } = badge;
	await checkSchema(credential);
	if (jti !== badge.id || !isDeepStrictEqual(credential, unsecured)) throw new Error('it is another badge than the JSON');
}

async function verify(folder) {
	const [badge, did, jwks, status] = await Promise.all(
		['badge', 'did', 'jwks', 'status'].map((name) => read(`${folder}/${name}.json`)));
	const documentLoader = loaderOf(did, status, ...did.verificationMethod);
	const checks = {
		schema: () => checkSchema(badge),
		terms: () => jsonld.expand(badge, { safe: true, documentLoader }), // each is one of the contexts'
		proof: () => checkProof(badge, documentLoader),
		status: () => checkRevoked(badge, documentLoader),
	};
	if (existsSync(`${folder}/badge.jwt`))
		checks.jwt = async () => checkJwt(await readFile(`${folder}/badge.jwt`, 'utf8'), badge, jwks);
	const found = {};
	for (const [name, check] of Object.entries(checks))
		found[name] = await check().then(() => null, (error) => error.message || error.name);
	return found;
}

for (const folder of process.argv.slice(2))
	console.log(JSON.stringify(await verify(folder)));
