/* SPDX-License-Identifier: Apache-2.0
 * eddsa-jcs-2022: the vectors of W3C vc-di-eddsa B.2, every value in between, and what a proof does not stand. */
#include "sign/proof.h"

#include "keys.h"
#include "sign/base58.h"
#include "sign/canon.h"

#define CONTEXT "[\"https://www.w3.org/ns/credentials/v2\",\"https://www.w3.org/ns/credentials/examples/v2\"]"
#define METHOD "did:key:z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2#z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
#define VALUE "z2HnFSSPPBzR36zdDgK8PbEHeXbR56YF24jwMpt3R1eHXQzJDMWS93FCzpvJpwTWd3GAVFuUfjoJdcnTMuVor51aX"

static const char document[] =
	"{\"@context\":" CONTEXT ",\"credentialSubject\":{\"alumniOf\":\"The School of Examples\",\"id\":\"did:example:abcdefgh\"},"
	"\"description\":\"A minimum viable example of an Alumni Credential.\","
	"\"id\":\"urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33\",\"issuer\":\"https://vc.example/issuers/5678\","
	"\"name\":\"Alumni Credential\",\"type\":[\"VerifiableCredential\",\"AlumniCredential\"],"
	"\"validFrom\":\"2023-01-01T00:00:00Z\"}";
static const char configuration[] =
	"{\"@context\":" CONTEXT ",\"created\":\"2023-02-24T23:36:38Z\",\"cryptosuite\":\"eddsa-jcs-2022\","
	"\"proofPurpose\":\"assertionMethod\",\"type\":\"DataIntegrityProof\",\"verificationMethod\":\"" METHOD "\"}";
static const char combined[] = "66ab154f5c2890a140cb8388a22a160454f80575f6eae09e5a097cabe539a1db"
			       "59b7cb6251b8991add1ce0bc83107e3db9dbbab5bd2c28f687db1a03abc92f19";
static const char signature[] = "407cd12654b33d718ecbb99179a1506daaa849450bf3fc523cce3e1c96f8b80351da3f253d725c6f00b07c9e5448d50b"
				"3ef78012b9ab54255116d069c6dd2808";

static const char *proof_text(struct skd_call *call, const char *value)
{
	const struct proof proof = {text_of(CONTEXT), "2023-02-24T23:36:38Z", METHOD, "assertionMethod"};
	struct text text;
	struct json json;
	text_begin(&text, call, 16);
	json_begin(&json, &text);
	proof_put(&json, NULL, &proof, value);
	return text_end(&text);
}

static json_t *read_text(struct skd_call *call, const char *text)
{
	json_t *json;
	assert_int_equal(canon_read(call, "the document", text, strlen(text), &json), SKD_OK);
	return json;
}

static json_t *secured(struct skd_call *call)
{
	json_t *json = read_text(call, document);
	json_object_set(json, "proof", read_text(call, proof_text(call, VALUE)));
	return json;
}

static struct public_key *vector_key(struct skd_call *call)
{
	struct public_key *key = NULL;
	assert_int_equal(key_from_did(call, METHOD, &key), SKD_OK);
	return key;
}

static enum skd_outcome verify(struct skd_call *call, const json_t *json)
{
	const json_t *proof;
	call_forgive(call);
	TRY(proof_find(call, json, PROOF_JCS, &proof));
	return proof_verify(call, json, proof, vector_key(call));
}

static void each_value_is_that_of_the_vectors(void **state)
{
	uint8_t bytes[PROOF_BYTES];
	char value[BASE58_TEXT];
	assert_true(canon_is(document, strlen(document)));
	assert_string_equal(proof_text(*state, NULL), configuration);
	proof_bytes(hasher_new(*state), text_of(configuration), text_of(document), bytes);
	assert_memory_equal(bytes, bytes_of(*state, combined).bytes, PROOF_BYTES);
	base58_encode(bytes_of(*state, signature).bytes, 64, value);
	assert_string_equal(value, VALUE);
	const char *whole = proof_text(*state, VALUE);
	assert_true(canon_is(whole, strlen(whole)));
	assert_int_equal(verify(*state, secured(*state)), SKD_OK);
}

static void what_is_signed_here_verifies(void **state)
{
	EVP_PKEY *pair = pair_keep(*state, EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
	struct public_key *key = public_of(*state, pair);
	uint8_t bytes[PROOF_BYTES];
	char value[BASE58_TEXT];
	const json_t *proof;
	proof_bytes(hasher_new(*state), text_of(configuration), text_of(document), bytes);
	base58_encode(signed_by(*state, pair, (struct skd_text){(char *)bytes, PROOF_BYTES}).bytes, 64, value);
	json_t *json = read_text(*state, document);
	json_object_set(json, "proof", read_text(*state, proof_text(*state, value)));
	assert_int_equal(proof_find(*state, json, PROOF_JCS, &proof), SKD_OK);
	assert_int_equal(proof_verify(*state, json, proof, key), SKD_OK);
	assert_int_equal(proof_verify(*state, json, proof, vector_key(*state)), SKD_DENIED);
}

/* Each value in it, however deep, changed, gone, or with a neighbour. */
static int tamper(struct skd_call *call, json_t *whole, json_t *at)
{
	const char *name;
	json_t *value, *was = canon_keep(call, json_copy(at));
	int count = 0;
	json_object_foreach (was, name, value) {
		if (json_is_object(value))
			count += tamper(call, whole, value);
		json_object_set_new(at, name, json_string("tampered"));
		assert_int_not_equal(verify(call, whole), SKD_OK);
		json_object_del(at, name);
		assert_int_not_equal(verify(call, whole), SKD_OK);
		json_object_set(at, name, value);
		json_object_set_new(at, "tampered", json_null());
		assert_int_not_equal(verify(call, whole), SKD_OK);
		json_object_del(at, "tampered");
		count += 3;
	}
	return count;
}

static void nothing_can_be_changed(void **state)
{
	json_t *json = secured(*state);
	assert_int_equal(tamper(*state, json, json), 3 * (9 + 2 + 7));
	assert_int_equal(verify(*state, json), SKD_OK);
}

/* The order of members, and how they are spelled, is not what is signed. */
static void another_spelling_verifies(void **state)
{
	char *pretty = json_dumps(secured(*state), JSON_INDENT(4) | JSON_ENSURE_ASCII);
	assert_int_equal(verify(*state, read_text(*state, pretty)), SKD_OK);
	free(pretty);
}

static void the_context_must_begin_with_the_proofs(void **state)
{
	static const struct {
		const char *context;
		enum skd_outcome outcome;
	} rows[] = {{CONTEXT, SKD_OK},
		    {"[\"https://www.w3.org/ns/credentials/v2\",\"https://www.w3.org/ns/credentials/examples/v2\",\"https://more.example\"]",
		     SKD_OK},
		    {"[\"https://www.w3.org/ns/credentials/v2\"]", SKD_DENIED},
		    {"[\"https://www.w3.org/ns/credentials/examples/v2\",\"https://www.w3.org/ns/credentials/v2\"]", SKD_DENIED},
		    {"[\"https://more.example\",\"https://www.w3.org/ns/credentials/v2\",\"https://www.w3.org/ns/credentials/examples/v2\"]",
		     SKD_DENIED},
		    {"\"https://www.w3.org/ns/credentials/v2\"", SKD_DENIED},
		    {"[]", SKD_DENIED},
		    {"null", SKD_DENIED},
		    {"{}", SKD_DENIED}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		json_t *json = secured(*state);
		json_object_set(json, "@context", read_text(*state, rows[i].context));
		assert_int_equal(verify(*state, json), rows[i].outcome);
		if (rows[i].outcome != SKD_OK)
			assert_string_equal(((struct skd_call *)*state)->sentence,
					    "the document's @context does not begin with the proof's");
	}
}

static void an_empty_context_begins_nothing(void **state)
{
	json_t *json = secured(*state);
	json_object_set_new(json_object_get(json, "proof"), "@context", json_array());
	assert_int_equal(verify(*state, json), SKD_DENIED);
}

static void the_first_proof_of_a_suite_is_taken_from_a_set(void **state)
{
	json_t *json = secured(*state), *good = json_object_get(json, "proof"), *set = json_array();
	const json_t *proof;
	json_t *other = read_text(*state, "{\"type\":\"DataIntegrityProof\",\"cryptosuite\":\"eddsa-rdfc-2022\"}");
	json_array_append(set, other);
	json_array_append(set, good);
	json_object_set_new(json, "proof", set);
	assert_int_equal(verify(*state, json), SKD_OK);
	assert_int_equal(proof_find(*state, json, "eddsa-rdfc-2022", &proof), SKD_OK);
	assert_ptr_equal(proof, other);
	assert_int_equal(proof_verify(*state, json, proof, vector_key(*state)), SKD_ABSENT);
	assert_string_equal(((struct skd_call *)*state)->sentence, "the cryptosuite eddsa-rdfc-2022 is not known here");
	json_array_remove(set, 1);
	assert_int_equal(verify(*state, json), SKD_ABSENT);
	assert_string_equal(((struct skd_call *)*state)->sentence, "it has no proof of eddsa-jcs-2022, but of eddsa-rdfc-2022");
}

static void what_is_no_proof_says_so(void **state)
{
	static const struct {
		const char *proof;
		enum skd_outcome outcome;
		const char *sentence;
	} rows[] = {{"[]", SKD_ABSENT, "it has no proof"},
		    {"7", SKD_BAD_INPUT, "a proof is not an object"},
		    {"[7]", SKD_BAD_INPUT, "a proof is not an object"},
		    {"{}", SKD_ABSENT, "it has no proof of eddsa-jcs-2022, but of one that is not named"},
		    {"{\"type\":\"Ed25519Signature2020\"}", SKD_ABSENT, "it has no proof of eddsa-jcs-2022, but of Ed25519Signature2020"},
		    {"{\"type\":\"\\u001b[31m\"}", SKD_ABSENT, "it has no proof of eddsa-jcs-2022, but of \\x1b[31m"}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		json_t *json = secured(*state);
		json_object_set(json, "proof", read_text(*state, rows[i].proof));
		assert_int_equal(verify(*state, json), rows[i].outcome);
		assert_string_equal(((struct skd_call *)*state)->sentence, rows[i].sentence);
	}
	assert_int_equal(verify(*state, read_text(*state, document)), SKD_ABSENT);
}

static void each_fault_of_a_proof_has_its_sentence(void **state)
{
	static const struct {
		const char *name, *value;
		enum skd_outcome outcome;
		const char *sentence;
	} rows[] = {{"type", NULL, SKD_BAD_INPUT, "the proof has no type"},
		    {"type", "\"Proof\"", SKD_ABSENT, "proofs of the type Proof are not known here"},
		    {"previousProof", "\"urn:uuid:1\"", SKD_ABSENT, "chains of proofs are not known here"},
		    {"created", "\"2023-02-24\"", SKD_BAD_INPUT, "the proof's created is no time"},
		    {"created", "7", SKD_BAD_INPUT, "the proof's created is no time"},
		    {"created", NULL, SKD_DENIED, "the proof does not fit: the document was changed, or another key signed it"},
		    {"verificationMethod", NULL, SKD_BAD_INPUT, "the proof has no verificationMethod or no proofPurpose"},
		    {"proofPurpose", "[]", SKD_BAD_INPUT, "the proof has no verificationMethod or no proofPurpose"},
		    {"proofValue", NULL, SKD_BAD_INPUT, "the proofValue is not 64 bytes in base58btc"},
		    {"proofValue", "\"uQHzR\"", SKD_BAD_INPUT, "the proofValue is not 64 bytes in base58btc"},
		    {"proofValue", "\"z2HnFSSPPBzR36zdDgK8PbEHeXbR56YF24jwMpt3R1eHXQzJDMWS93FCzpvJpwTWd3GAVFuUfjoJdcnTMuVor51aY\"", SKD_DENIED,
		     "the proof does not fit: the document was changed, or another key signed it"},
		    {"domain", "\"https://x\"", SKD_DENIED, "the proof does not fit: the document was changed, or another key signed it"}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		json_t *json = secured(*state), *proof = json_object_get(json, "proof");
		if (rows[i].value)
			json_object_set(proof, rows[i].name, read_text(*state, rows[i].value));
		else
			json_object_del(proof, rows[i].name);
		assert_int_equal(verify(*state, json), rows[i].outcome);
		assert_string_equal(((struct skd_call *)*state)->sentence, rows[i].sentence);
	}
}

static void another_kind_of_key_is_refused(void **state)
{
	json_t *json = secured(*state);
	struct public_key *key = public_of(*state, pair_keep(*state, EVP_EC_gen("P-256")));
	assert_int_equal(proof_verify(*state, json, json_object_get(json, "proof"), key), SKD_DENIED);
	assert_string_equal(((struct skd_call *)*state)->sentence, "eddsa-jcs-2022 needs an Ed25519 key");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_value_is_that_of_the_vectors, call_begin, call_end),
		cmocka_unit_test_setup_teardown(what_is_signed_here_verifies, call_begin, call_end),
		cmocka_unit_test_setup_teardown(nothing_can_be_changed, call_begin, call_end),
		cmocka_unit_test_setup_teardown(another_spelling_verifies, call_begin, call_end),
		cmocka_unit_test_setup_teardown(the_context_must_begin_with_the_proofs, call_begin, call_end),
		cmocka_unit_test_setup_teardown(an_empty_context_begins_nothing, call_begin, call_end),
		cmocka_unit_test_setup_teardown(the_first_proof_of_a_suite_is_taken_from_a_set, call_begin, call_end),
		cmocka_unit_test_setup_teardown(what_is_no_proof_says_so, call_begin, call_end),
		cmocka_unit_test_setup_teardown(each_fault_of_a_proof_has_its_sentence, call_begin, call_end),
		cmocka_unit_test_setup_teardown(another_kind_of_key_is_refused, call_begin, call_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
