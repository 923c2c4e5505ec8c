/* SPDX-License-Identifier: Apache-2.0
 * Any bytes as a public key in each of its forms: what is read comes back the same from every form it has. */
#include "fuzz.h"
#include "sign/canon.h"
#include "sign/key.h"

#include <string.h>

static const char *jwk_write(struct skd_call *call, const struct public_key *key)
{
	struct text text;
	struct json json;
	text_begin(&text, call, 512);
	json_begin(&json, &text);
	put_object(&json, NULL);
	key_put_jwk(&json, key);
	put_object_end(&json);
	return text_end(&text);
}

static void key_check(struct skd_call *call, enum skd_outcome outcome, struct public_key *const *found)
{
	struct public_key *key, *again;
	json_t *json;
	char multibase[KEY_MULTIBASE_SIZE];
	if (outcome != SKD_OK) {
		must(outcome == SKD_BAD_INPUT && call->sentence, "a refusal says why");
		call_forgive(call);
		return;
	}
	key = *found;
	const char *pem = key_pem(call, key), *jwk = jwk_write(call, key);
	must(key_from_pem(call, pem, strlen(pem), &again) == SKD_OK && key_same(key, again), "it comes back from PEM");
	must(canon_is(jwk, strlen(jwk)) && canon_read(call, "it", jwk, strlen(jwk), &json) == SKD_OK &&
		     key_from_jwk(call, json, &again) == SKD_OK && key_same(key, again),
	     "it comes back from a JWK");
	must(key_multibase(key, multibase) == (key_algorithm(key) != KEY_RS256), "all but RSA have a Multikey");
	if (key_algorithm(key) != KEY_RS256)
		must(key_from_multibase(call, multibase, &again) == SKD_OK && key_same(key, again), "it comes back from a Multikey");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct skd_call *call = call_new("fuzz", 1000);
	struct public_key *key = NULL;
	json_t *jwk;
	uint8_t out[ES256_SIZE], der[ES256_DER_SIZE];
	const char *text = talloc_strndup(call, (const char *)bytes, size);
	key_check(call, key_from_der(call, bytes, size, &key), &key);
	key_check(call, key_from_pem(call, (const char *)bytes, size, &key), &key);
	key_check(call, key_from_multibase(call, text, &key), &key);
	key_check(call, key_from_did(call, text, &key), &key);
	if (canon_read(call, "it", (const char *)bytes, size, &jwk) == SKD_OK)
		key_check(call, key_from_jwk(call, jwk, &key), &key);
	if (es256_from_der(bytes, size, out))
		must(es256_to_der(out, der) <= sizeof der, "a signature has room");
	talloc_free(call);
	return 0;
}
