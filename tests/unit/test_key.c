/* SPDX-License-Identifier: Apache-2.0
 * Public keys: the examples of RFC 8032, 8037, 8410, 7517 and did:key; there and back in every form; what is none. */
#include "sign/key.h"

#include "keys.h"
#include "sign/canon.h"

#include <openssl/ec.h>
#include <openssl/rsa.h>

static const char ed_jwk[] = "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}";
static const char ed_multibase[] = "z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw";
/* did:key's test vectors */
static const char p256_did[] = "did:key:zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169";
static const char p256_jwk[] = "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"fyNYMN0976ci7xqiSdag3buk-ZCwgXU4kz9XNkBlNUI\","
			       "\"y\":\"hW2ojTNfH7Jbi8--CJUo3OCbH3y5n91g-IMA9MLMbTU\"}";
/* RFC 7515 A.2 */
static const char rsa_jwk[] =
	"{\"e\":\"AQAB\",\"kty\":\"RSA\",\"n\":\"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPM"
	"EzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQ"
	"OS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PA"
	"cDTW9gb54h4FRWyuXpoQ\"}";
/* RFC 8410 10.1 */
static const char ed_pem[] = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
			     "-----END PUBLIC KEY-----\n";

static enum skd_outcome jwk_read(struct skd_call *call, const char *text, struct public_key **key)
{
	json_t *jwk;
	assert_int_equal(canon_read(call, "the key", text, strlen(text), &jwk), SKD_OK);
	return key_from_jwk(call, jwk, key);
}

static struct public_key *jwk_key(struct skd_call *call, const char *text)
{
	struct public_key *key = NULL;
	assert_int_equal(jwk_read(call, text, &key), SKD_OK);
	return key;
}

static const char *jwk_of(struct skd_call *call, const struct public_key *key)
{
	struct text text;
	struct json json;
	text_begin(&text, call, 16);
	json_begin(&json, &text);
	put_object(&json, NULL);
	key_put_jwk(&json, key);
	put_object_end(&json);
	return text_end(&text);
}

static void signatures_of_rfc_8032_are_verified(void **state)
{
	static const char *const rows[][3] = {
		{"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
		 "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe2465514143"
		 "8e7a100b"},
		{"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
		 "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d2916"
		 "12bb0c00"},
		{"fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
		 "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027bece"
		 "ea1ec40a"}};
	for (size_t i = 0; i < 3; i++) {
		struct public_key *key;
		struct skd_text der = bytes_of(*state, talloc_asprintf(*state, "302a300506032b6570032100%s", rows[i][0]));
		struct skd_text bytes = bytes_of(*state, rows[i][1]), signature = bytes_of(*state, rows[i][2]);
		assert_int_equal(key_from_der(*state, (const uint8_t *)der.bytes, der.size, &key), SKD_OK);
		assert_true(key_verify(key, KEY_EDDSA, bytes, signature));
		assert_false(key_verify(key, KEY_EDDSA, text_of("other"), signature));
		for (size_t k = 0; k < signature.size; k++) {
			((char *)signature.bytes)[k] ^= 1;
			assert_false(key_verify(key, KEY_EDDSA, bytes, signature));
			((char *)signature.bytes)[k] ^= 1;
		}
	}
}

static void jwks_come_back_as_they_were(void **state)
{
	static const char *const jwks[] = {ed_jwk, p256_jwk, rsa_jwk};
	for (int i = 0; i < 3; i++) {
		struct public_key *key = jwk_key(*state, jwks[i]), *again;
		assert_int_equal(key_algorithm(key), i);
		assert_string_equal(jwk_of(*state, key), jwks[i]);
		const char *pem = key_pem(*state, key);
		assert_int_equal(key_from_pem(*state, pem, strlen(pem), &again), SKD_OK);
		assert_string_equal(jwk_of(*state, again), jwks[i]);
		assert_true(key_same(key, again));
		assert_int_equal(key_same(key, jwk_key(*state, jwks[(i + 1) % 3])), false);
	}
}

static void pem_is_that_of_rfc_8410(void **state)
{
	struct public_key *key;
	assert_int_equal(key_from_pem(*state, ed_pem, strlen(ed_pem), &key), SKD_OK);
	assert_string_equal(key_pem(*state, key), ed_pem);
}

static void multikeys_and_dids_are_those_of_the_standards(void **state)
{
	struct public_key *key, *again;
	char multibase[KEY_MULTIBASE_SIZE];
	assert_true(key_multibase(jwk_key(*state, ed_jwk), multibase));
	assert_string_equal(multibase, ed_multibase);
	assert_int_equal(key_from_multibase(*state, multibase, &key), SKD_OK);
	assert_string_equal(jwk_of(*state, key), ed_jwk);
	assert_int_equal(key_from_did(*state, p256_did, &key), SKD_OK);
	assert_string_equal(jwk_of(*state, key), p256_jwk);
	assert_true(key_multibase(key, multibase));
	assert_string_equal(multibase, p256_did + strlen("did:key:"));
	const char *whole = talloc_asprintf(*state, "%s#%s", p256_did, multibase);
	assert_int_equal(key_from_did(*state, whole, &again), SKD_OK);
	assert_true(key_same(key, again));
	assert_false(key_multibase(jwk_key(*state, rsa_jwk), multibase));
}

static void what_is_no_multikey_is_refused(void **state)
{
	static const char *const wrong[] = {
		"", "did:key:", "did:key:#", "did:web:example.com", "did:key:z6Mk", "z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw",
		"did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw#", /* X25519, and a secret Ed25519 key: */
		"did:key:z6LSeu9HkTHSfLLeUs2nnzUSNedgDUevfNQgQjQC23ZCit6F", "did:key:z3u2en7t5LR2WtQH5PfFqMqwVHBeXouLzo6haApm8XHqvjxq",
		"did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw#z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMswx",
		"did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw#z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2",
		"did:key:zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2167"};
	struct public_key *key;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		assert_int_equal(key_from_did(*state, wrong[i], &key), SKD_BAD_INPUT);
		call_forgive(*state);
	}
}

static void jwks_must_be_strict(void **state)
{
	static const char *const wrong[] = {
		"{}", "[]", "\"x\"", "{\"kty\":\"oct\",\"k\":\"AAAA\"}", "{\"kty\":\"OKP\",\"crv\":\"Ed25519\"}", "{\"kty\":1}",
		"{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
		"{\"kty\":\"EC\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
		"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"}",
		"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURp\"}",
		"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcH\"}",
		"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURoAAAA\"}",
		/* y is not that of x */
		"{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"fyNYMN0976ci7xqiSdag3buk-ZCwgXU4kz9XNkBlNUI\","
		"\"y\":\"iW2ojTNfH7Jbi8--CJUo3OCbH3y5n91g-IMA9MLMbTU\"}",
		"{\"crv\":\"P-384\",\"kty\":\"EC\",\"x\":\"fyNYMN0976ci7xqiSdag3buk-ZCwgXU4kz9XNkBlNUI\","
		"\"y\":\"hW2ojTNfH7Jbi8--CJUo3OCbH3y5n91g-IMA9MLMbTU\"}",
		"{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","
		"\"y\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
		"{\"kty\":\"RSA\",\"n\":\"\",\"e\":\"AQAB\"}", "{\"kty\":\"RSA\",\"n\":\"ofgW\",\"e\":\"AQAB\"}"};
	struct public_key *key;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		assert_int_equal(jwk_read(*state, wrong[i], &key), SKD_BAD_INPUT);
		assert_non_null(((struct skd_call *)*state)->sentence);
		call_forgive(*state);
	}
}

/* The same key, with one thing more that does not fit. */
static void jwks_say_what_they_are_for(void **state)
{
	static const char *const wrong[] = {"\"d\":\"AA\"", "\"p\":\"AA\"", "\"k\":\"AA\"", "\"d\":null", "\"alg\":\"ES256\"", "\"alg\":\"none\"",
					    "\"alg\":7",	"\"use\":\"enc\""};
	static const char *const good[] = {"\"alg\":\"EdDSA\"", "\"use\":\"sig\"", "\"kid\":\"1\""};
	struct public_key *key;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		assert_int_equal(jwk_read(*state, talloc_asprintf(*state, "{%s,%s", wrong[i], ed_jwk + 1), &key), SKD_BAD_INPUT);
		call_forgive(*state);
	}
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_int_equal(jwk_read(*state, talloc_asprintf(*state, "{%s,%s", good[i], ed_jwk + 1), &key), SKD_OK);
}

static void short_keys_and_odd_exponents_are_refused(void **state)
{
	struct public_key *key;
	struct skd_text der = der_of(*state, pair_keep(*state, EVP_RSA_gen(1024)));
	assert_int_equal(key_from_der(*state, (const uint8_t *)der.bytes, der.size, &key), SKD_BAD_INPUT);
	assert_string_equal(((struct skd_call *)*state)->sentence, "an RSA key has 2048 to 8192 bits, not 1024");
	call_forgive(*state);
	static const char *const exponents[] = {"AQ", "AA", "AAE", "Ag", "AQAA", "AQAAAAE"};
	for (size_t i = 0; i < sizeof exponents / sizeof *exponents; i++) {
		const char *jwk = talloc_asprintf(*state, "{\"e\":\"%s\",%s", exponents[i], strstr(rsa_jwk, "\"kty\""));
		assert_int_equal(jwk_read(*state, jwk, &key), SKD_BAD_INPUT);
		call_forgive(*state);
	}
}

static void other_keys_are_refused(void **state)
{
	EVP_PKEY *const pairs[] = {EVP_EC_gen("P-384"), EVP_EC_gen("secp256k1"), EVP_PKEY_Q_keygen(NULL, NULL, "X25519"),
				   EVP_PKEY_Q_keygen(NULL, NULL, "ED448")};
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		struct public_key *key;
		struct skd_text der = der_of(*state, pair_keep(*state, pairs[i]));
		assert_int_equal(key_from_der(*state, (const uint8_t *)der.bytes, der.size, &key), SKD_BAD_INPUT);
		assert_string_equal(((struct skd_call *)*state)->sentence, "the key is none of Ed25519, P-256 and RSA");
		call_forgive(*state);
	}
}

static void bytes_that_are_cut_or_have_more_behind_are_refused(void **state)
{
	EVP_PKEY *const pairs[] = {EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), EVP_EC_gen("P-256"), EVP_RSA_gen(2048)};
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		struct public_key *key;
		struct skd_text der = der_of(*state, pair_keep(*state, pairs[i]));
		uint8_t *more = talloc_zero_size(*state, der.size + 1);
		memcpy(more, der.bytes, der.size);
		assert_int_equal(key_from_der(*state, more, der.size + 1, &key), SKD_BAD_INPUT);
		call_forgive(*state);
		for (size_t size = 0; size < der.size; size++) {
			assert_int_equal(key_from_der(*state, more, size, &key), SKD_BAD_INPUT);
			call_forgive(*state);
		}
	}
}

static void only_a_public_key_is_read_from_pem(void **state)
{
	static const char *const wrong[] = {
		"", "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=",
		"-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n",
		/* RFC 8410 10.3 */
		"-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n",
		"-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"};
	struct public_key *key;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		assert_int_equal(key_from_pem(*state, wrong[i], strlen(wrong[i]), &key), SKD_BAD_INPUT);
		call_forgive(*state);
	}
}

/* A point may be written in half the bytes; it is the same key. */
static void compressed_points_are_the_same_key(void **state)
{
	EVP_PKEY *pair = pair_keep(*state, EVP_EC_gen("P-256"));
	struct public_key *key = public_of(*state, pair), *again;
	assert_int_equal(EVP_PKEY_set_utf8_string_param(pair, "point-format", "compressed"), 1);
	struct skd_text der = der_of(*state, pair);
	assert_int_equal(der.size, 59);
	assert_int_equal(key_from_der(*state, (const uint8_t *)der.bytes, der.size, &again), SKD_OK);
	assert_true(key_same(key, again));
	assert_string_equal(jwk_of(*state, key), jwk_of(*state, again));
	assert_string_equal(key_pem(*state, key), key_pem(*state, again));
}

static void es256_goes_from_der_and_back(void **state)
{
	EVP_PKEY *pair = pair_keep(*state, EVP_EC_gen("P-256"));
	struct public_key *key = public_of(*state, pair);
	for (int i = 0; i < 600; i++) {
		uint8_t raw[ES256_SIZE], again[ES256_DER_SIZE];
		struct skd_text bytes = {(const char *)&i, sizeof i}, der = signed_by(*state, pair, bytes);
		assert_true(es256_from_der((const uint8_t *)der.bytes, der.size, raw));
		assert_int_equal(es256_to_der(raw, again), der.size);
		assert_memory_equal(again, der.bytes, der.size);
		if (i % 16 == 0)
			assert_true(key_verify(key, KEY_ES256, bytes, (struct skd_text){(char *)raw, sizeof raw}));
		assert_false(es256_from_der((const uint8_t *)der.bytes, der.size - 1, raw));
	}
}

static void small_numbers_have_no_zeros_in_der(void **state)
{
	uint8_t raw[ES256_SIZE] = {0}, again[ES256_SIZE], der[ES256_DER_SIZE];
	(void)state;
	raw[31] = 1;
	raw[63] = 0x80;
	assert_int_equal(es256_to_der(raw, der), 9);
	assert_memory_equal(der, "\x30\x07\x02\x01\x01\x02\x02\x00\x80", 9);
	assert_true(es256_from_der(der, 9, again));
	assert_memory_equal(again, raw, sizeof raw);
	memset(raw, 0, sizeof raw);
	assert_int_equal(es256_to_der(raw, der), 8);
	memset(raw, 0xff, sizeof raw);
	assert_int_equal(es256_to_der(raw, der), ES256_DER_SIZE);
}

static void a_key_verifies_by_its_own_algorithm_alone(void **state)
{
	EVP_PKEY *const pairs[] = {EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), EVP_EC_gen("P-256"), EVP_RSA_gen(2048)};
	for (int i = 0; i < 3; i++) {
		struct public_key *key = public_of(*state, pair_keep(*state, pairs[i]));
		struct skd_text signature = signed_by(*state, pairs[i], text_of("bytes"));
		uint8_t raw[ES256_SIZE];
		if (i == KEY_ES256) {
			assert_true(es256_from_der((const uint8_t *)signature.bytes, signature.size, raw));
			signature = (struct skd_text){(char *)raw, sizeof raw};
		}
		for (int algorithm = 0; algorithm < 3; algorithm++)
			assert_int_equal(key_verify(key, (enum key_algorithm)algorithm, text_of("bytes"), signature), algorithm == i);
		assert_false(key_verify(key, (enum key_algorithm)i, text_of("bytes"), (struct skd_text){NULL, 0}));
		assert_false(key_verify(key, (enum key_algorithm)i, text_of("bytes"),
					(struct skd_text){signature.bytes, signature.size - 1}));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(signatures_of_rfc_8032_are_verified, call_begin, call_end),
		cmocka_unit_test_setup_teardown(jwks_come_back_as_they_were, call_begin, call_end),
		cmocka_unit_test_setup_teardown(pem_is_that_of_rfc_8410, call_begin, call_end),
		cmocka_unit_test_setup_teardown(multikeys_and_dids_are_those_of_the_standards, call_begin, call_end),
		cmocka_unit_test_setup_teardown(what_is_no_multikey_is_refused, call_begin, call_end),
		cmocka_unit_test_setup_teardown(jwks_must_be_strict, call_begin, call_end),
		cmocka_unit_test_setup_teardown(jwks_say_what_they_are_for, call_begin, call_end),
		cmocka_unit_test_setup_teardown(short_keys_and_odd_exponents_are_refused, call_begin, call_end),
		cmocka_unit_test_setup_teardown(other_keys_are_refused, call_begin, call_end),
		cmocka_unit_test_setup_teardown(bytes_that_are_cut_or_have_more_behind_are_refused, call_begin, call_end),
		cmocka_unit_test_setup_teardown(only_a_public_key_is_read_from_pem, call_begin, call_end),
		cmocka_unit_test_setup_teardown(compressed_points_are_the_same_key, call_begin, call_end),
		cmocka_unit_test_setup_teardown(es256_goes_from_der_and_back, call_begin, call_end),
		cmocka_unit_test(small_numbers_have_no_zeros_in_der),
		cmocka_unit_test_setup_teardown(a_key_verifies_by_its_own_algorithm_alone, call_begin, call_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
