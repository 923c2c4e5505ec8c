/* SPDX-License-Identifier: Apache-2.0
 * Keys are found by name, in the documents of whose they are; one that comes with what it signed proves nothing. */
#include "verify/seal.h"

#include "sign/canon.h"
#include "sign/proof.h"

#include <ctype.h>
#include <string.h>

enum { PIECES = 1 << 16, SKEW = 300 }; /* commas and brackets in a document; seconds that clocks may differ */

const char *id_of(const json_t *value)
{
	return json_is_object(value) ? canon_string(value, "id") : json_string_value(value);
}

bool has_type(const json_t *object, const char *type)
{
	const json_t *types = json_object_get(object, "type"), *at = types;
	for (size_t i = 0; json_is_array(types) ? (at = json_array_get(types, i)) != NULL : i == 0; i++)
		if (json_is_string(at) && strcmp(json_string_value(at), type) == 0)
			return true;
	return false;
}

/* ---- reading ---- */

/* A tree takes a hundred times the room of its text when that is all brackets. */
static bool is_bounded(struct skd_text bytes)
{
	size_t pieces = 0;
	for (size_t i = 0; i < bytes.size; i++)
		pieces += bytes.bytes[i] == ',' || bytes.bytes[i] == '[' || bytes.bytes[i] == '{';
	return pieces <= PIECES;
}

enum skd_outcome sealed_json(struct skd_call *call, const char *what, struct skd_text bytes, json_t **object)
{
	if (bytes.size > VERIFY_JSON)
		return fail(call, SKD_BAD_INPUT, "%s has %zu bytes of JSON, more than %d", what, bytes.size, VERIFY_JSON);
	if (!is_bounded(bytes))
		return fail(call, SKD_BAD_INPUT, "%s has more than %d members and elements", what, PIECES);
	TRY(canon_read(call, what, bytes.bytes, bytes.size, object));
	return json_is_object(*object) ? SKD_OK : fail(call, SKD_BAD_INPUT, "%s is not a JSON object", what);
}

static struct skd_text trimmed(struct skd_text bytes)
{
	static const char white[] = " \t\r\n";
	while (bytes.size && memchr(white, bytes.bytes[0], 4)) {
		bytes.bytes++;
		bytes.size--;
	}
	while (bytes.size && memchr(white, bytes.bytes[bytes.size - 1], 4))
		bytes.size--;
	return bytes;
}

/* Base64url, which begins as that of a bracket does before a quote or white space, and has a dot in it at least. */
static bool is_jws_like(struct skd_text bytes)
{
	size_t dots = 0;
	if (bytes.size < 2 || bytes.bytes[0] != 'e' || !memchr("yw", bytes.bytes[1], 2))
		return false;
	for (size_t i = 0; i < bytes.size; i++) {
		const char at = bytes.bytes[i];
		if (!isalnum((unsigned char)at) && !memchr("-_.", at, 3))
			return false;
		dots += at == '.';
	}
	return dots > 0;
}

bool sealed_like(struct skd_text bytes)
{
	bytes = trimmed(bytes);
	return bytes.size && (bytes.bytes[0] == '{' || is_jws_like(bytes));
}

enum skd_outcome sealed_read(struct skd_call *call, const char *what, struct skd_text bytes, struct sealed *sealed)
{
	struct jws *jws = talloc_zero(call, struct jws);
	*sealed = (struct sealed){0};
	bytes = trimmed(bytes);
	if (!bytes.size)
		return fail(call, SKD_BAD_INPUT, "%s is empty", what);
	if (bytes.bytes[0] == '{')
		return sealed_json(call, what, bytes, &sealed->document);
	if (!is_jws_like(bytes))
		return fail(call, SKD_BAD_INPUT, "%s is neither JSON, which begins with {, nor a JWT", what);
	if (bytes.size > VERIFY_JSON / 3 * 4)
		return fail(call, SKD_BAD_INPUT, "%s is larger than any JWS of one", what);
	TRY(jws_read(call, bytes.bytes, bytes.size, jws));
	sealed->jws = jws;
	return sealed_json(call, what, jws->payload, &sealed->document);
}

/* ---- keys ---- */

static enum skd_outcome address_check(struct skd_call *call, const char *address, const json_t *document)
{
	const char *id = canon_string(document, "id"), *kid = canon_string(document, "kid");
	if ((id && strcmp(id, address) == 0) || (kid && strcmp(kid, address) == 0))
		return SKD_OK;
	return fail(call, SKD_DENIED, "what stands for %s says it is of %s", text_whole(call, address),
		    id ? text_whole(call, id) : "nobody");
}

enum skd_outcome library_get(struct skd_call *call, const struct verify_library *library, const char *address,
			     json_t **document, bool *trusted)
{
	struct verify_document found = {0};
	TRY(library->find(library->self, call, address, &found));
	TRY(sealed_json(call, talloc_asprintf(call, "the document of %s", text_whole(call, address)), found.bytes, document));
	*trusted = found.trusted;
	return address_check(call, address, *document);
}

enum skd_outcome library_list(struct skd_call *call, const struct verify_library *library, const char *address,
			      const char *about, json_t **document)
{
	struct verify_document found = {.about = about};
	TRY(library->find(library->self, call, address, &found));
	TRY(sealed_json(call, talloc_asprintf(call, "the list %s", text_whole(call, address)), found.bytes, document));
	return address_check(call, address, *document);
}

static bool is_named(const char *id, const char *method)
{
	const char *fragment = strchr(method, '#');
	return id && (strcmp(id, method) == 0 || (*id == '#' && fragment && strcmp(id, fragment) == 0));
}

static enum skd_outcome key_read(struct skd_call *call, const json_t *object, const struct public_key **key)
{
	const char *multibase = canon_string(object, "publicKeyMultibase"), *pem = canon_string(object, "publicKeyPem");
	const json_t *jwk = json_object_get(object, "publicKeyJwk");
	struct public_key *read = NULL;
	if (!jwk && json_object_get(object, "kty"))
		jwk = object;
	if (!!multibase + !!pem + !!jwk != 1)
		return fail(call, SKD_BAD_INPUT, "the key has not one publicKeyMultibase, publicKeyJwk or publicKeyPem");
	if (multibase)
		TRY(key_from_multibase(call, multibase, &read));
	else if (pem)
		TRY(key_from_pem(call, pem, strlen(pem), &read));
	else
		TRY(key_from_jwk(call, jwk, &read));
	*key = read;
	return SKD_OK;
}

static enum skd_outcome end_read(struct skd_call *call, const json_t *object, const char *name, int64_t *end)
{
	const char *text = canon_string(object, name);
	*end = TIME_NEVER;
	if (!json_object_get(object, name))
		return SKD_OK;
	return text && time_parse(text, end) ? SKD_OK : fail(call, SKD_BAD_INPUT, "the key's \"%s\" is no time", name);
}

/* `object` is the key's own. A bare JWK is of whose its name says. What a key says of whose it is counts for nothing when
 * its name says otherwise: else anybody's key could say it is anybody else's. */
static enum skd_outcome signatory_read(struct skd_call *call, const json_t *object, struct signatory *signatory)
{
	const char *fragment = strchr(signatory->method, '#');
	size_t size = fragment ? (size_t)(fragment - signatory->method) : 0;
	signatory->controller = canon_string(object, "controller");
	if (!signatory->controller)
		signatory->controller = canon_string(object, "owner");
	if (!signatory->controller && json_object_get(object, "kty") && fragment)
		signatory->controller = talloc_strndup(call, signatory->method, size);
	if (!signatory->controller)
		return fail(call, SKD_BAD_INPUT, "the key %s does not say whose it is", text_whole(call, signatory->method));
	if (fragment && (strlen(signatory->controller) != size || strncmp(signatory->controller, signatory->method, size) != 0))
		return fail(call, SKD_DENIED, "the key %s says it is of %s, in whose document it is not",
			    text_whole(call, signatory->method), text_whole(call, signatory->controller));
	TRY(end_read(call, object, json_object_get(object, "revoked") ? "revoked" : "revoked_at", &signatory->revoked));
	TRY(end_read(call, object, "expires", &signatory->expires));
	return key_read(call, object, &signatory->key);
}

static enum skd_outcome method_find(struct skd_call *call, const json_t *document, const char *method, const json_t **found)
{
	const json_t *methods = json_object_get(document, "verificationMethod");
	const json_t *may = json_object_get(document, "assertionMethod");
	const char *shown = text_whole(call, method);
	size_t i;
	json_t *item;
	*found = NULL;
	json_array_foreach ((json_t *)methods, i, item)
		if (is_named(canon_string(item, "id"), method)) {
			if (*found)
				return fail(call, SKD_DENIED, "the issuer's document has two keys called %s", shown);
			*found = item;
		}
	if (!*found)
		return fail(call, SKD_DENIED, "the issuer's document has no key %s", shown);
	json_array_foreach ((json_t *)may, i, item)
		if (is_named(json_string_value(item), method))
			return SKD_OK;
	return fail(call, SKD_DENIED, "the key %s is not one for assertions: it is not in the document's assertionMethod", shown);
}

static enum skd_outcome signatory_own(struct skd_call *call, struct signatory *signatory)
{
	struct public_key *key;
	TRY(key_from_did(call, signatory->method, &key));
	signatory->key = key;
	signatory->controller = talloc_strndup(call, signatory->method, strcspn(signatory->method, "#"));
	return SKD_OK;
}

/* A key that was given by itself may be older than what its issuer's document has to say of it. */
static enum skd_outcome signatory_update(struct skd_call *call, const struct verify_library *library, struct signatory *signatory)
{
	const char *base = talloc_strndup(call, signatory->method, strcspn(signatory->method, "#"));
	int64_t revoked, expires;
	json_t *document, *item;
	bool trusted;
	size_t i;
	if (!strchr(signatory->method, '#'))
		return SKD_OK;
	enum skd_outcome outcome = library_get(call, library, base, &document, &trusted);
	if (outcome != SKD_OK) {
		const char *why = talloc_strdup(call, call->sentence);
		call_forgive(call);
		return outcome == SKD_ABSENT ? SKD_OK : fail(call, SKD_ABSENT, "whether the key %s is still good cannot be told: %s",
							     text_whole(call, signatory->method), why);
	}
	json_array_foreach (json_object_get(document, "verificationMethod"), i, item) {
		if (!is_named(canon_string(item, "id"), signatory->method))
			continue;
		TRY(end_read(call, item, "revoked", &revoked));
		TRY(end_read(call, item, "expires", &expires));
		signatory->revoked = revoked < signatory->revoked ? revoked : signatory->revoked;
		signatory->expires = expires < signatory->expires ? expires : signatory->expires;
	}
	return SKD_OK;
}

enum skd_outcome signatory_find(struct skd_call *call, const struct verify_library *library, const char *method,
				struct signatory *signatory)
{
	json_t *document;
	const json_t *object;
	*signatory = (struct signatory){.method = method, .revoked = TIME_NEVER, .expires = TIME_NEVER};
	if (strncmp(method, "did:key:", 8) == 0)
		return signatory_own(call, signatory);
	enum skd_outcome outcome = library_get(call, library, method, &document, &signatory->trusted);
	if (outcome == SKD_OK) {
		TRY(signatory_read(call, document, signatory));
		return signatory_update(call, library, signatory);
	}
	if (outcome != SKD_ABSENT || !strchr(method, '#'))
		return outcome;
	call_forgive(call);
	const char *base = talloc_strndup(call, method, strcspn(method, "#"));
	TRY(library_get(call, library, base, &document, &signatory->trusted));
	TRY(method_find(call, document, method, &object));
	return signatory_read(call, object, signatory);
}

/* ---- signatures ---- */

static enum skd_outcome when_check(struct skd_call *call, const struct signatory *signatory, int64_t when, int64_t now)
{
	int64_t end = signatory->revoked < signatory->expires ? signatory->revoked : signatory->expires;
	char at[TIME_SIZE], since[TIME_SIZE];
	time_format(end, since);
	const char *what = end == signatory->revoked ? "revoked" : "over";
	if (when == TIME_NEVER)
		return end == TIME_NEVER ? SKD_OK
					 : fail(call, SKD_DENIED, "the key is %s since %s, and nothing says when it signed this",
						what, since);
	time_format(when, at);
	if (when >= end)
		return fail(call, SKD_DENIED, "the key is %s since %s, and signed this at %s", what, since, at);
	if (when > now + (int64_t)SKEW * 1000000)
		return fail(call, SKD_DENIED, "it says it was signed at %s, which is yet to come", at);
	return SKD_OK;
}

static enum skd_outcome proof_holds(struct skd_call *call, const struct sealed *sealed, const json_t *proof, int64_t now,
				    const struct signatory *signatory)
{
	const char *created = canon_string(proof, "created"), *expires = canon_string(proof, "expires");
	const char *purpose = canon_string(proof, "proofPurpose");
	int64_t when = TIME_NEVER, end = TIME_NEVER;
	TRY(proof_verify(call, sealed->document, proof, signatory->key));
	if (strcmp(purpose, "assertionMethod") != 0)
		return fail(call, SKD_DENIED, "the proof is made for %s, not as an assertion", text_shown(call, purpose));
	if (created && !time_parse(created, &when))
		return fail(call, SKD_BAD_INPUT, "the proof's created is no time");
	if (json_object_get(proof, "expires") && (!expires || !time_parse(expires, &end) || end <= now))
		return fail(call, SKD_DENIED, "the proof itself has expired");
	return when_check(call, signatory, when, now);
}

/* Seconds since 1970; TIME_NEVER: it is not said. */
static int64_t claim_time(const json_t *document, const char *name)
{
	const json_t *value = json_object_get(document, name);
	double seconds = json_number_value(value);
	return json_is_number(value) && seconds > -1e11 && seconds < 1e11 ? (int64_t)(seconds * 1e6) : TIME_NEVER;
}

/* From when on it is good is the last time at which it may have been signed, where that is not said. */
static int64_t jws_time(const json_t *document, int64_t now)
{
	static const char *const names[] = {"validFrom", "issuedOn"};
	int64_t signed_at = claim_time(document, "iat");
	if (signed_at != TIME_NEVER)
		return signed_at;
	int64_t when = claim_time(document, "nbf");
	for (int i = 0; when == TIME_NEVER && i < 2; i++) {
		const char *text = canon_string(document, names[i]);
		if (!text || !time_parse(text, &when))
			when = TIME_NEVER;
	}
	return when != TIME_NEVER && when > now ? now : when;
}

enum skd_outcome sealed_holds(struct skd_call *call, const struct sealed *sealed, int64_t now,
			      const struct signatory *signatory)
{
	const json_t *proof;
	if (!sealed->jws) {
		TRY(proof_find(call, sealed->document, PROOF_JCS, &proof));
		return proof_holds(call, sealed, proof, now, signatory);
	}
	TRY(jws_verify(call, sealed->jws, signatory->key));
	if (sealed->jws->header.jwk && !key_same(sealed->jws->header.jwk, signatory->key))
		return fail(call, SKD_DENIED, "the jwk in the header is not the key %s", text_whole(call, signatory->method));
	return when_check(call, signatory, jws_time(sealed->document, now), now);
}

enum skd_outcome sealed_verify(struct skd_call *call, const struct verify_library *library, const struct sealed *sealed,
			       int64_t now, struct signatory *signatory)
{
	const json_t *proof;
	const char *method;
	if (sealed->jws) {
		method = sealed->jws->header.kid;
		if (!method)
			return fail(call, SKD_DENIED, sealed->jws->header.jwk
							      ? "the header has a jwk and no kid: a key that comes along proves nothing"
							      : "the header has no kid: nothing says whose key signed it");
	} else {
		if (!json_object_get(sealed->document, "proof"))
			return fail(call, SKD_DENIED, "it is not signed: it has no proof");
		TRY(proof_find(call, sealed->document, PROOF_JCS, &proof));
		method = canon_string(proof, "verificationMethod");
		if (!method)
			return fail(call, SKD_BAD_INPUT, "the proof has no verificationMethod");
	}
	if (!strchr(method, '#') && strncmp(method, "did:key:", 8) != 0)
		return fail(call, SKD_DENIED, "the key %s is not one of a document: its name has no fragment", text_whole(call, method));
	TRY(signatory_find(call, library, method, signatory));
	return sealed_holds(call, sealed, now, signatory);
}
