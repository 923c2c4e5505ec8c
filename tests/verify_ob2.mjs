// SPDX-License-Identifier: Apache-2.0
// Holds badges of Open Badges 2.0 against implementations that are not ours, with no network: verify_ob2.mjs FOLDER...
// A FOLDER has badge.txt (an assertion as JSON, or signed as a JWS), class.json, issuer.json, key.json and mail.txt, whom
// it should be of. The context comes from SKILLSD_SHARED. Prints a line for each, {check: null or why it does not hold}.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { compactVerify, importSPKI } from 'jose';
import jsonld from 'jsonld';

const context = JSON.parse(await readFile(`${process.env.SKILLSD_SHARED}/data/openbadges/ob2/context.json`, 'utf8'));

async function documentLoader(url) {
	if (url !== 'https://w3id.org/openbadges/v2') throw new Error(`nothing is at ${url}`);
	return { documentUrl: url, document: context };
}

function same(one, other, what) {
	if (one !== other) throw new Error(`${what}: ${one} is not ${other}`);
}

async function assertionOf(text, key) {
	if (text.startsWith('{')) return JSON.parse(text);
	const { payload, protectedHeader } = await compactVerify(text.trim(), await importSPKI(key.publicKeyPem, 'RS256'));
	same(protectedHeader.alg, 'RS256', 'its algorithm');
	const assertion = JSON.parse(new TextDecoder().decode(payload));
	same(assertion.verification.creator, key.id, 'its key');
	return assertion;
}

function checkIssuer(assertion, badgeClass, issuer, key) {
	same(assertion.badge, badgeClass.id, 'its class');
	same(badgeClass.issuer, issuer.id, 'its issuer');
	if (assertion.verification.type === 'hosted') {
		if (!assertion.id.startsWith(issuer.verification.startsWith)) throw new Error('it is hosted elsewhere');
		const origins = [issuer.verification.allowedOrigins].flat();
		if (!origins.includes(new URL(assertion.id).host)) throw new Error('it is hosted by somebody else');
	} else {
		same(assertion.verification.type, 'signed', 'its verification');
		same(key.owner, issuer.id, 'the owner of its key');
		if (![issuer.publicKey].flat().includes(key.id)) throw new Error('its key is none of the issuer');
	}
}

function checkRecipient({ recipient }, mail) {
	same(recipient.type, 'email', 'the recipient');
	same(recipient.identity, `sha256$${createHash('sha256').update(mail + recipient.salt).digest('hex')}`, 'the recipient');
}

async function verify(folder) {
	const [text, mail] = await Promise.all(['badge', 'mail'].map((name) => readFile(`${folder}/${name}.txt`, 'utf8')));
	const [badgeClass, issuer, key] = await Promise.all(
		['class', 'issuer', 'key'].map(async (name) => JSON.parse(await readFile(`${folder}/${name}.json`, 'utf8'))));
	const found = {};
	const check = async (name, action) => {
		found[name] = await Promise.resolve().then(action).then(() => null, (error) => error.message || error.name);
	};
	let assertion = {};
	await check('signature', async () => { assertion = await assertionOf(text, key); });
	await check('terms', async () => {
		for (const one of [assertion, badgeClass, issuer, key]) await jsonld.expand(one, { safe: true, documentLoader });
	});
	await check('issuer', () => checkIssuer(assertion, badgeClass, issuer, key));
	await check('recipient', () => checkRecipient(assertion, mail));
	return found;
}

for (const folder of process.argv.slice(2))
	console.log(JSON.stringify(await verify(folder)));
