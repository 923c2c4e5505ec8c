/* SPDX-License-Identifier: Apache-2.0
 * Seals: the issuer's newest key that fits. */
#include "rules/sealing.h"

#include "rules/key.h"
#include "sign/base58.h"
#include "sign/jws.h"
#include "sign/proof.h"
#include "sign/signer.h"

#include <string.h>

/* ---- which key ---- */

/* In the order in which they are preferred. */
static const char *const fitting[][3] = {
	[SKD_SEAL_PROOF] = {"ed25519"}, [SKD_SEAL_JWS] = {"p256", "rsa2048"}, [SKD_SEAL_RS256] = {"rsa2048"}};

static const struct store_key *key_pick(enum skd_seal seal, const struct store_key *keys, size_t count)
{
	for (int i = 0; i < 3 && fitting[seal][i]; i++)
		for (size_t k = 0; k < count; k++)
			if (keys[k].retired_at == TIME_NEVER && strcmp(keys[k].algorithm, fitting[seal][i]) == 0)
				return &keys[k];
	return NULL;
}

bool sealing_can(enum skd_seal seal, const char *const *algorithms, size_t count)
{
	for (int i = 0; i < 3 && fitting[seal][i]; i++)
		for (size_t k = 0; k < count; k++)
			if (strcmp(algorithms[k], fitting[seal][i]) == 0)
				return true;
	return false;
}

enum skd_outcome sealing_with(struct skd_call *call, const struct store_key *keys, size_t count, const char *did,
			      enum skd_seal seal, struct sealing *sealing)
{
	const struct store_key *key = key_pick(seal, keys, count);
	struct public_key *open;
	if (!key)
		return fail(call, SKD_ABSENT, "the issuer has no %s key", fitting[seal][0]);
	TRY(issuer_key_open(call, key, &open));
	*sealing = (struct sealing){seal, key->id, issuer_method(call, did, key, open), clock_now() / 1000000 * 1000000,
				    open, hasher_new(call)};
	return SKD_OK;
}

enum skd_outcome sealing_begin(struct skd_call *call, const char *issuer_id, const char *did, enum skd_seal seal,
			       struct sealing *sealing)
{
	struct store_key *keys;
	size_t count;
	*sealing = (struct sealing){.seal = seal};
	if (seal == SKD_SEAL_NONE)
		return SKD_OK;
	TRY(store_key_list(call, issuer_id, &keys, &count));
	return sealing_with(call, keys, count, did, seal, sealing);
}

static enum skd_outcome key_show(struct skd_call *call, const struct store_key *key, struct skd_public_key *shown)
{
	struct public_key *open;
	TRY(issuer_key_open(call, key, &open));
	*shown = (struct skd_public_key){key->id, key_pem(call, open)};
	return SKD_OK;
}

enum skd_outcome sealing_keys(struct skd_call *call, const char *issuer_id, const char *key_id,
			      const struct skd_public_key **keys, size_t *count)
{
	struct store_key *all;
	size_t many;
	TRY(store_key_list(call, issuer_id, &all, &many));
	struct skd_public_key *shown = talloc_zero_array(call, struct skd_public_key, many + 1);
	*count = 0;
	for (size_t i = 0; i < many; i++)
		if (strcmp(all[i].algorithm, "rsa2048") != 0 || (key_id && strcmp(all[i].id, key_id) != 0))
			continue;
		else if (all[i].revoked_at == TIME_NEVER)
			TRY(key_show(call, &all[i], &shown[(*count)++]));
		else if (key_id)
			return fail(call, SKD_GONE, "the key was revoked, and nothing that it signed is good as Open Badges 2.0");
	*keys = shown;
	if (key_id && !*count)
		return fail(call, SKD_ABSENT, "the issuer has no such key");
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

static bool same(struct skd_text a, struct skd_text b)
{
	return a.size == b.size && memcmp(a.bytes, b.bytes, a.size) == 0;
}

/* What the proofs of drafts with the same @context have in common: the hash of the proof without its value. */
static void configuration_hash(struct skd_call *call, const struct sealing *sealing, const struct proof *proof,
			       uint8_t hash[DIGEST_SIZE])
{
	struct text text;
	struct json json;
	text_begin(&text, call, 4096);
	json_begin(&json, &text);
	proof_put(&json, NULL, proof, NULL);
	hasher_sha256(sealing->hasher, text.bytes, text.size, hash);
	talloc_free(text.bytes);
}

/* Behind all else. */
static void proof_end(struct text *form, struct proof *proof, struct skd_text signature)
{
	char value[BASE58_TEXT];
	struct json json = {.to = form, .comma = true};
	proof->context.bytes = talloc_strndup(form->owner, proof->context.bytes, proof->context.size);
	base58_encode(signature.bytes, signature.size, value);
	form->size--; /* the object is open again */
	put_array(&json, "proof");
	proof_put(&json, NULL, proof, value);
	put_array_end(&json);
	put_object_end(&json);
}

static enum skd_outcome seal_proofs(struct skd_call *call, const struct sealing *sealing, size_t count, struct text *forms,
				    struct signer_job *jobs)
{
	char *created = talloc_size(call, TIME_SIZE);
	struct proof proof = {.created = created, .method = sealing->method, .purpose = "assertionMethod"};
	struct proof *proofs = talloc_array(call, struct proof, count);
	uint8_t *bytes = talloc_array_size(call, PROOF_BYTES, (unsigned)count), hash[DIGEST_SIZE];
	time_format(sealing->at, created);
	for (size_t i = 0; i < count; i++, bytes += PROOF_BYTES) {
		TRY(context_of(call, &forms[i], &proof.context));
		if (i == 0 || !same(proof.context, proofs[i - 1].context))
			configuration_hash(call, sealing, &proof, hash);
		memcpy(bytes, hash, DIGEST_SIZE);
		hasher_sha256(sealing->hasher, forms[i].bytes, forms[i].size, bytes + DIGEST_SIZE);
		proofs[i] = proof;
		jobs[i] = (struct signer_job){SIGNER_PROOF, sealing->key_id, {(const char *)bytes, PROOF_BYTES}, {0}};
	}
	TRY(signer_sign(call, call->house->signer, count, jobs));
	for (size_t i = 0; i < count; i++)
		proof_end(&forms[i], &proofs[i], jobs[i].signature);
	return SKD_OK;
}

/* The inputs take the drafts' places. */
static enum skd_outcome seal_jws(struct skd_call *call, const struct sealing *sealing, size_t count, struct text *forms,
				 struct signer_job *jobs)
{
	const struct jws_header header = {
		.algorithm = key_algorithm(sealing->key), .kid = sealing->method, .typ = sealing->seal == SKD_SEAL_JWS ? "JWT" : NULL, .jwk = sealing->key};
	for (size_t i = 0; i < count; i++) {
		struct text input;
		text_begin(&input, call, forms[i].size * 2);
		jws_begin(&input, &header, (struct skd_text){forms[i].bytes, forms[i].size});
		forms[i] = input;
		jobs[i] = (struct signer_job){SIGNER_JWS, sealing->key_id, {input.bytes, input.size}, {0}};
	}
	TRY(signer_sign(call, call->house->signer, count, jobs));
	for (size_t i = 0; i < count; i++) {
		text_add(&forms[i], ".", 1);
		text_add_base64url(&forms[i], jobs[i].signature.bytes, jobs[i].signature.size);
	}
	return SKD_OK;
}

enum skd_outcome sealing_forms(struct skd_call *call, const struct sealing *sealing, size_t count, struct text *forms)
{
	struct signer_job *jobs = talloc_array(call, struct signer_job, count);
	if (sealing->seal == SKD_SEAL_NONE)
		return SKD_OK;
	return sealing->seal == SKD_SEAL_PROOF ? seal_proofs(call, sealing, count, forms, jobs)
					       : seal_jws(call, sealing, count, forms, jobs);
}
