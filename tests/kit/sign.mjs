// SPDX-License-Identifier: Apache-2.0
// An RFC 8785, eddsa-jcs-2022 and JWS of Node's own, none of it ours: `node sign.mjs canon` writes stdin in canonical form;
// `node sign.mjs make` signs it as a proof and as each JWS, and prints {multibase, document, jws: [[JWK, text], ...]}.
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { readFileSync } from "node:fs";

function canon(value) {
	if (Array.isArray(value))
		return `[${value.map(canon).join(",")}]`;
	if (value === null || typeof value !== "object")
		return JSON.stringify(value);
	return `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canon(value[name])}`).join(",")}}`;
}

function base58(bytes) {
	const digits = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
	let number = BigInt(`0x${bytes.toString("hex")}`), text = "";
	for (; number > 0n; number /= 58n)
		text = digits[Number(number % 58n)] + text;
	return "z" + "1".repeat(bytes.findIndex((byte) => byte !== 0)) + text;
}

const hash = (text) => createHash("sha256").update(text).digest();

function secured(document, pair) {
	const proof = { type: "DataIntegrityProof", cryptosuite: "eddsa-jcs-2022", created: "2026-01-15T09:00:00Z",
		verificationMethod: "did:web:h#1", proofPurpose: "assertionMethod", "@context": document["@context"] };
	proof.proofValue = base58(sign(null, Buffer.concat([hash(canon(proof)), hash(canon(document))]), pair.privateKey));
	return { ...document, proof };
}

function jws(document, alg, pair) {
	const part = (text) => Buffer.from(text).toString("base64url");
	const input = `${part(JSON.stringify({ typ: "JWT", alg }))}.${part(JSON.stringify(document))}`;
	const key = { key: pair.privateKey, dsaEncoding: "ieee-p1363" };
	const signature = sign(alg === "EdDSA" ? null : "sha256", Buffer.from(input), key);
	return [pair.publicKey.export({ format: "jwk" }), `${input}.${signature.toString("base64url")}`];
}

const document = JSON.parse(readFileSync(0, "utf8"));
if (process.argv[2] === "make") {
	const pairs = { EdDSA: generateKeyPairSync("ed25519"), ES256: generateKeyPairSync("ec", { namedCurve: "P-256" }),
		RS256: generateKeyPairSync("rsa", { modulusLength: 2048 }) };
	const raw = Buffer.from(pairs.EdDSA.publicKey.export({ format: "jwk" }).x, "base64url");
	console.log(JSON.stringify({ multibase: base58(Buffer.concat([Buffer.from([0xed, 0x01]), raw])),
		document: secured(document, pairs.EdDSA), jws: Object.keys(pairs).map((alg) => jws(document, alg, pairs[alg])) }));
} else {
	process.stdout.write(canon(document));
}
