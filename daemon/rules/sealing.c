/* SPDX-License-Identifier: Apache-2.0
 * Seals: the issuer's newest key that fits. */
#include "rules/sealing.h"

#include "rules/issuer.h"
#include "sign/base58.h"
#include "sign/jws.h"
#include "sign/proof.h"
#include "sign/signer.h"

#include <string.h>
#include <time.h>

/* ---- which key ---- */

/* In the order in which they are preferred. */
static const char *const fitting[][3] = {
	[SKD_SEAL_PROOF] = {"ed25519"}, [SKD_SEAL_JWS] = {"p256", "rsa2048"}, [SKD_SEAL_RS256] = {"rsa2048"}};

static enum skd_outcome key_pick(struct skd_call *call, const char *issuer_id, enum skd_seal seal, struct store_key *key)
{
	struct store_key *keys;
	size_t count;
	TRY(store_key_list(call, issuer_id, &keys, &count));
	for (int i = 0; i < 3 && fitting[seal][i]; i++)
		for (size_t k = 0; k < count; k++)
			if (keys[k].retired_at == TIME_NEVER && strcmp(keys[k].algorithm, fitting[seal][i]) == 0) {
				*key = keys[k];
				return SKD_OK;
			}
	return fail(call, SKD_ABSENT, "the issuer has no %s key", fitting[seal][0]);
}

enum skd_outcome sealing_able(struct skd_call *call, const char *issuer_id, bool *able)
{
	struct store_key key;
	enum skd_outcome outcome = key_pick(call, issuer_id, SKD_SEAL_PROOF, &key);
	*able = outcome == SKD_OK;
	if (outcome == SKD_ABSENT)
		call_forgive(call);
	return outcome == SKD_ABSENT ? SKD_OK : outcome;
}

static enum skd_outcome key_sign(struct skd_call *call, const struct store_key *key, enum signer_type type,
				 struct skd_text bytes, struct skd_text *signature)
{
	struct signer_job job = {.type = type, .key = key->id, .bytes = bytes};
	TRY(signer_sign(call, call->house->signer, 1, &job));
	*signature = job.signature;
	return SKD_OK;
}

/* ---- what is sealed how ---- */

/* A draft in canonical form begins with its @context, an array of addresses. */
static enum skd_outcome context_of(struct skd_call *call, const struct text *draft, struct skd_text *context)
{
	static const char begin[] = "{\"@context\":[";
	const char *at = draft->bytes + sizeof begin - 2;
	const char *end = draft->size > sizeof begin && memcmp(draft->bytes, begin, sizeof begin - 1) == 0
				  ? memchr(at, ']', draft->size - sizeof begin)
				  : NULL;
	if (!end)
		return fail(call, SKD_FAULT, "a draft does not begin with its @context");
	*context = (struct skd_text){at, (size_t)(end - at) + 1};
	return SKD_OK;
}

static const char *created_now(struct skd_call *call)
{
	char *out = talloc_size(call, TIME_SIZE);
	time_format((int64_t)time(NULL) * 1000000, out);
	return out;
}

/* The proof goes in behind all else. */
static enum skd_outcome seal_proof(struct skd_call *call, const struct store_key *key, const char *did, struct text *form)
{
	struct proof proof = {.created = created_now(call), .purpose = "assertionMethod"};
	struct skd_text signature;
	struct text configuration;
	struct json json;
	uint8_t bytes[PROOF_BYTES];
	char value[BASE58_TEXT];
	TRY(context_of(call, form, &proof.context));
	TRY(issuer_method(call, did, key, &proof.method));
	text_begin(&configuration, call, 512);
	json_begin(&json, &configuration);
	proof_put(&json, NULL, &proof, NULL);
	proof_bytes(hasher_new(call), (struct skd_text){configuration.bytes, configuration.size},
		    (struct skd_text){form->bytes, form->size}, bytes);
	TRY(key_sign(call, key, SIGNER_PROOF, (struct skd_text){(const char *)bytes, sizeof bytes}, &signature));
	base58_encode(signature.bytes, signature.size, value);
	proof.context.bytes = talloc_strndup(call, proof.context.bytes, proof.context.size);
	form->size--; /* the object is open again */
	json = (struct json){.to = form, .comma = true};
	put_array(&json, "proof");
	proof_put(&json, NULL, &proof, value);
	put_array_end(&json);
	put_object_end(&json);
	return SKD_OK;
}

static enum skd_outcome seal_jws(struct skd_call *call, const struct store_key *key, const char *did, struct text *form)
{
	struct public_key *open;
	struct jws_header header = {.typ = "JWT"};
	struct skd_text signature;
	struct text sealed;
	TRY(issuer_method(call, did, key, &header.kid));
	TRY(key_from_der(call, key->public_key, key->public_size, &open));
	header.algorithm = key_algorithm(open);
	header.jwk = open;
	text_begin(&sealed, call, form->size * 2);
	jws_begin(&sealed, &header, (struct skd_text){form->bytes, form->size});
	TRY(key_sign(call, key, SIGNER_JWS, (struct skd_text){sealed.bytes, sealed.size}, &signature));
	text_adds(&sealed, ".");
	text_adds(&sealed, base64url_encode(call, signature.bytes, signature.size));
	*form = sealed;
	return SKD_OK;
}

enum skd_outcome sealing_form(struct skd_call *call, const char *issuer_id, const char *did, enum skd_seal seal,
			      struct text *form, const char **key_id)
{
	struct store_key key;
	*key_id = NULL;
	if (seal == SKD_SEAL_NONE)
		return SKD_OK;
	TRY(key_pick(call, issuer_id, seal, &key));
	*key_id = key.id;
	return seal == SKD_SEAL_PROOF ? seal_proof(call, &key, did, form) : seal_jws(call, &key, did, form);
}
