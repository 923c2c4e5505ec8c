// SPDX-License-Identifier: Apache-2.0
// badge_node.mjs COUNT: issues the credential on standard input, from text to text, as often as that with the reference implementation of
// eddsa-jcs-2022, one after the other. Prints the seconds of processor of one.
import { readFileSync } from 'node:fs';
import { DataIntegrityProof } from '@digitalbazaar/data-integrity';
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';
import { createSignCryptosuite } from '@digitalbazaar/eddsa-jcs-2022-cryptosuite';
import { issue } from '@digitalbazaar/vc';

const { proof, ...unsigned } = JSON.parse(readFileSync(0, 'utf8')), draft = JSON.stringify(unsigned);
const pair = await Ed25519Multikey.generate({ id: proof[0].verificationMethod, controller: unsigned.issuer.id });
const count = Number(process.argv[2]);
const documentLoader = async (url) => { throw new Error(`nothing is loaded: ${url}`); };

let size = 0;

async function run(times) {
	for (let i = 0; i < times; i++) {
		const suite = new DataIntegrityProof({ signer: pair.signer(), cryptosuite: createSignCryptosuite() });
		size += JSON.stringify(await issue({ credential: JSON.parse(draft), suite, documentLoader })).length;
	}
}

await run(count / 10); // until it is compiled
const begun = process.cpuUsage();
await run(count);
const { user, system } = process.cpuUsage(begun);
console.log((user + system) / 1e6 / count);
