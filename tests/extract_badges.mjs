// SPDX-License-Identifier: Apache-2.0
// Takes badges out of pictures with readers that are not ours: extract_badges.mjs FILE.png|FILE.svg...
// Prints a line of JSON for each: {keyword, text} or, of what is not baked as both versions of Open Badges say, {error}.
import { readFile } from 'node:fs/promises';
import { DOMParser } from '@xmldom/xmldom';
import extractChunks from 'png-chunks-extract'; // which checks the sums of all chunks

const keywords = ['openbadgecredential', 'openbadges'];
const elements = { 'https://purl.imsglobal.org/ob/v3p0': 'credential', 'http://openbadges.org': 'assertion' };

function only(list) {
	if (list.length !== 1) throw new Error(`there are ${list.length} badges in it`);
	return list[0];
}

// PNG 3rd edition, 11.3.3.4: keyword, a zero, compression flag and method, language, a zero, translated keyword, a zero, text.
function textOf(data) {
	const bytes = Buffer.from(data), zero = (from) => bytes.indexOf(0, from);
	const keyword = bytes.toString('latin1', 0, zero(0)), flags = zero(0) + 1;
	const text = zero(zero(flags + 2) + 1) + 1;
	return { keyword, compressed: bytes[flags], text: new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(text)) };
}

function fromPng(bytes) {
	const texts = extractChunks(bytes).filter((chunk) => chunk.name === 'iTXt').map((chunk) => textOf(chunk.data));
	const { keyword, compressed, text } = only(texts.filter((one) => keywords.includes(one.keyword)));
	if (compressed) throw new Error('it is compressed');
	return { keyword, text };
}

function fromSvg(bytes) {
	const fault = (message) => { throw new Error(message); };
	const normalizeLineEndings = (text) => text.replace(/\r\n?/g, '\n'); // XML 1.0, 2.11; its own are those of XML 1.1
	const root = new DOMParser({ errorHandler: fault, normalizeLineEndings }).parseFromString(bytes.toString('utf8'), 'image/svg+xml').documentElement;
	const found = Object.entries(elements).flatMap(([space, name]) => Array.from(root.getElementsByTagNameNS(space, name)));
	const badge = only(found);
	if (root.localName !== 'svg' || Array.from(root.childNodes).find((node) => node.nodeType === 1) !== badge)
		throw new Error('it is not straight after <svg>');
	return { keyword: badge.namespaceURI, text: badge.textContent.trim() || badge.getAttribute('verify') };
}

for (const file of process.argv.slice(2)) {
	const bytes = await readFile(file);
	let told;
	try {
		told = file.endsWith('.png') ? fromPng(bytes) : fromSvg(bytes);
	} catch (error) {
		told = { error: error.message };
	}
	console.log(JSON.stringify(told));
}
