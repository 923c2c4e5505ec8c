/* SPDX-License-Identifier: Apache-2.0
 * Proofs are written in canonical order, and read as others wrote them. A further cryptosuite is a row of `suites`. */
#include "sign/proof.h"

#include "sign/base58.h"
#include "sign/canon.h"

#include <string.h>

void proof_put(struct json *json, const char *name, const struct proof *proof, const char *value)
{
	put_object(json, name);
	put_raw(json, "@context", proof->context.bytes, proof->context.size);
	put_string(json, "created", proof->created);
	put_string(json, "cryptosuite", PROOF_JCS);
	put_string(json, "proofPurpose", proof->purpose);
	put_string(json, "proofValue", value);
	put_string(json, "type", "DataIntegrityProof");
	put_string(json, "verificationMethod", proof->method);
	put_object_end(json);
}

void proof_bytes(struct hasher *hasher, struct skd_text configuration, struct skd_text document, uint8_t out[PROOF_BYTES])
{
	hasher_sha256(hasher, configuration.bytes, configuration.size, out);
	hasher_sha256(hasher, document.bytes, document.size, out + DIGEST_SIZE);
}

/* Of what may be one, or an array of them. */
static const json_t *item_at(const json_t *items, size_t i)
{
	return json_is_array(items) ? json_array_get(items, i) : i == 0 ? items : NULL;
}

enum skd_outcome proof_find(struct skd_call *call, const json_t *document, const char *cryptosuite, const json_t **found)
{
	const json_t *proofs = json_object_get(document, "proof"), *proof;
	const char *other = NULL;
	for (size_t i = 0; (proof = item_at(proofs, i)); i++) {
		const char *suite = canon_string(proof, "cryptosuite"), *type = canon_string(proof, "type");
		if (!json_is_object(proof))
			return fail(call, SKD_BAD_INPUT, "a proof is not an object");
		if (suite && strcmp(suite, cryptosuite) == 0) {
			*found = proof;
			return SKD_OK;
		}
		if (!other)
			other = suite ? suite : type ? type : "one that is not named";
	}
	return other ? fail(call, SKD_ABSENT, "it has no proof of %s, but of %s", cryptosuite, text_shown(call, other))
		     : fail(call, SKD_ABSENT, "it has no proof");
}

/* ---- verifying ---- */

static enum skd_outcome jcs_bytes(struct skd_call *call, const json_t *document, const json_t *configuration,
				  uint8_t out[PROOF_BYTES])
{
	struct text first, second;
	text_begin(&first, call, 1024);
	text_begin(&second, call, 4096);
	TRY(canon_write(call, configuration, &first));
	TRY(canon_write(call, document, &second));
	proof_bytes(hasher_new(call), (struct skd_text){first.bytes, first.size}, (struct skd_text){second.bytes, second.size},
		    out);
	return SKD_OK;
}

static const struct suite {
	const char *name;
	/* Of the document without proofs and the proof without its value. */
	enum skd_outcome (*bytes)(struct skd_call *call, const json_t *document, const json_t *configuration,
				  uint8_t out[PROOF_BYTES]);
} suites[] = {{PROOF_JCS, jcs_bytes}};

static enum skd_outcome suite_find(struct skd_call *call, const json_t *proof, const struct suite **suite)
{
	const char *type = canon_string(proof, "type"), *name = canon_string(proof, "cryptosuite");
	if (!type)
		return fail(call, SKD_BAD_INPUT, "the proof has no type");
	if (strcmp(type, "DataIntegrityProof") != 0)
		return fail(call, SKD_ABSENT, "proofs of the type %s are not known here", text_shown(call, type));
	if (!name)
		return fail(call, SKD_BAD_INPUT, "the proof has no cryptosuite");
	for (size_t i = 0; i < sizeof suites / sizeof *suites; i++)
		if (strcmp(suites[i].name, name) == 0) {
			*suite = &suites[i];
			return SKD_OK;
		}
	return fail(call, SKD_ABSENT, "the cryptosuite %s is not known here", text_shown(call, name));
}

static enum skd_outcome members_check(struct skd_call *call, const json_t *proof)
{
	const char *created = canon_string(proof, "created");
	int64_t time;
	if (json_object_get(proof, "previousProof"))
		return fail(call, SKD_ABSENT, "chains of proofs are not known here");
	if (json_object_get(proof, "created") && (!created || !strchr(created, 'T') || !time_parse(created, &time)))
		return fail(call, SKD_BAD_INPUT, "the proof's created is no time");
	if (!canon_string(proof, "verificationMethod") || !canon_string(proof, "proofPurpose"))
		return fail(call, SKD_BAD_INPUT, "the proof has no verificationMethod or no proofPurpose");
	return SKD_OK;
}

static bool context_begins(const json_t *whole, const json_t *front)
{
	size_t i = 0;
	for (; item_at(front, i); i++)
		if (!json_equal(item_at(whole, i), item_at(front, i)))
			return false;
	return i > 0;
}

/* The document as it was signed. */
static enum skd_outcome document_unsecure(struct skd_call *call, const json_t *document, json_t *context, json_t **unsecured)
{
	*unsecured = canon_keep(call, json_copy((json_t *)document));
	json_object_del(*unsecured, "proof");
	if (!context)
		return SKD_OK;
	if (!context_begins(json_object_get(document, "@context"), context))
		return fail(call, SKD_DENIED, "the document's @context does not begin with the proof's");
	json_object_set(*unsecured, "@context", context);
	return SKD_OK;
}

enum skd_outcome proof_verify(struct skd_call *call, const json_t *document, const json_t *proof, const struct public_key *key)
{
	const struct suite *suite;
	uint8_t bytes[PROOF_BYTES], signature[64];
	json_t *unsecured, *configuration = canon_keep(call, json_copy((json_t *)proof));
	const char *value = canon_string(proof, "proofValue");
	TRY(suite_find(call, proof, &suite));
	TRY(members_check(call, proof));
	if (!value || base58_decode(value, signature, sizeof signature) != sizeof signature)
		return fail(call, SKD_BAD_INPUT, "the proofValue is not 64 bytes in base58btc");
	TRY(document_unsecure(call, document, json_object_get(proof, "@context"), &unsecured));
	json_object_del(configuration, "proofValue");
	TRY(suite->bytes(call, unsecured, configuration, bytes));
	if (key_algorithm(key) != KEY_EDDSA)
		return fail(call, SKD_DENIED, "%s needs an Ed25519 key", suite->name);
	if (!key_verify(key, KEY_EDDSA, (struct skd_text){(char *)bytes, sizeof bytes},
			(struct skd_text){(char *)signature, sizeof signature}))
		return fail(call, SKD_DENIED, "the proof does not fit: the document was changed, or another key signed it");
	return SKD_OK;
}
