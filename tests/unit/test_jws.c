/* SPDX-License-Identifier: Apache-2.0
 * Compact JWS: the examples of RFC 7515 A.2, A.3, A.5 and RFC 8037 A.4, what is made here, and what is refused. */
#include "sign/jws.h"

#include "keys.h"
#include "sign/canon.h"

static const char ed_jwk[] = "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}";
static const char ed_jws[] = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR"
			     "4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
static const char ec_jwk[] = "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
			     "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}";
#define JOE "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
static const char ec_jws[] = "eyJhbGciOiJFUzI1NiJ9." JOE
			     ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
static const char rsa_jwk[] =
	"{\"e\":\"AQAB\",\"kty\":\"RSA\",\"n\":\"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPM"
	"EzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQ"
	"OS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PA"
	"cDTW9gb54h4FRWyuXpoQ\"}";
static const char rsa_jws[] =
	"eyJhbGciOiJSUzI1NiJ9." JOE
	".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjb"
	"KBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6"
	"BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";

static struct public_key *jwk_key(struct skd_call *call, const char *text)
{
	json_t *jwk;
	struct public_key *key = NULL;
	assert_int_equal(canon_read(call, "the key", text, strlen(text), &jwk), SKD_OK);
	assert_int_equal(key_from_jwk(call, jwk, &key), SKD_OK);
	return key;
}

static enum skd_outcome verify(struct skd_call *call, const char *text, const struct public_key *key)
{
	struct jws jws;
	call_forgive(call);
	TRY(jws_read(call, text, strlen(text), &jws));
	return jws_verify(call, &jws, key);
}

static const char *sentence_of(struct skd_call *call, const char *text, const struct public_key *key)
{
	return verify(call, text, key) == SKD_OK ? "good" : call->sentence;
}

static void the_examples_of_the_rfcs_verify(void **state)
{
	static const char *const rows[][3] = {{ed_jws, ed_jwk, "Example of Ed25519 signing"},
					      {ec_jws, ec_jwk, "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}"},
					      {rsa_jws, rsa_jwk, "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}"}};
	for (int i = 0; i < 3; i++) {
		struct jws jws;
		assert_int_equal(jws_read(*state, rows[i][0], strlen(rows[i][0]), &jws), SKD_OK);
		assert_int_equal(jws.header.algorithm, i);
		assert_string_equal(jws.payload.bytes, rows[i][2]);
		assert_int_equal(jws.payload.size, strlen(rows[i][2]));
		assert_int_equal(jws_verify(*state, &jws, jwk_key(*state, rows[i][1])), SKD_OK);
		for (int k = 0; k < 3; k++)
			assert_int_equal(verify(*state, rows[i][0], jwk_key(*state, rows[k][1])), i == k ? SKD_OK : SKD_DENIED);
	}
}

static const char *made(struct skd_call *call, EVP_PKEY *pair, const struct jws_header *header, const char *payload)
{
	struct text text;
	text_begin(&text, call, 16);
	jws_begin(&text, header, text_of(payload));
	struct skd_text signature = signed_by(call, pair, (struct skd_text){text.bytes, text.size});
	assert_int_equal(jws_sign(call, &text, header->algorithm, signature), SKD_OK);
	return text_end(&text);
}

static void what_is_made_is_read_and_verified(void **state)
{
	EVP_PKEY *const pairs[] = {EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), EVP_EC_gen("P-256"), EVP_RSA_gen(2048)};
	for (int i = 0; i < 3; i++) {
		struct public_key *key = public_of(*state, pair_keep(*state, pairs[i]));
		const struct jws_header headers[] = {{(enum key_algorithm)i, "did:web:h#\"1\"", NULL, "JWT"}, {(enum key_algorithm)i, NULL, key, NULL}};
		for (int k = 0; k < 2; k++) {
			struct jws jws;
			const char *text = made(*state, pairs[i], &headers[k], "{\"iss\":\"x\"}");
			assert_int_equal(jws_read(*state, text, strlen(text), &jws), SKD_OK);
			assert_int_equal(jws_verify(*state, &jws, key), SKD_OK);
			assert_string_equal(jws.payload.bytes, "{\"iss\":\"x\"}");
			assert_int_equal(jws.header.kid && strcmp(jws.header.kid, headers[0].kid) == 0, k == 0);
			assert_int_equal(jws.header.typ && strcmp(jws.header.typ, "JWT") == 0, k == 0);
			assert_int_equal(jws.header.jwk && key_same(jws.header.jwk, key), k == 1);
		}
	}
}

static void a_header_has_the_four_members_and_no_more(void **state)
{
	struct text text;
	const struct jws_header header = {KEY_ES256, "k", jwk_key(*state, ec_jwk), "JWT"};
	text_begin(&text, *state, 16);
	jws_begin(&text, &header, text_of("x"));
	char *dot = strchr(text_end(&text), '.'), bytes[1000];
	assert_string_equal(dot, ".eA");
	*dot = '\0';
	long size = base64url_decode(text.bytes, bytes, sizeof bytes);
	assert_true(canon_is(bytes, (size_t)size));
	bytes[size] = '\0';
	assert_string_equal(bytes, "{\"alg\":\"ES256\",\"jwk\":{\"crv\":\"P-256\",\"kty\":\"EC\","
				   "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
				   "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"},\"kid\":\"k\",\"typ\":\"JWT\"}");
}

/* One that holds a key of its own, which verifies it, and is trusted by nobody for that. */
static void a_key_in_the_header_is_not_used(void **state)
{
	EVP_PKEY *pair = pair_keep(*state, EVP_EC_gen("P-256"));
	const struct jws_header header = {KEY_ES256, NULL, public_of(*state, pair), NULL};
	assert_int_equal(verify(*state, made(*state, pair, &header, "forged"), jwk_key(*state, ec_jwk)), SKD_DENIED);
}

static void no_character_can_be_changed(void **state)
{
	static const char *const rows[][2] = {{ed_jws, ed_jwk}, {ec_jws, ec_jwk}, {rsa_jws, rsa_jwk}};
	for (int i = 0; i < 3; i++) {
		const struct public_key *key = jwk_key(*state, rows[i][1]);
		char *text = talloc_strdup(*state, rows[i][0]);
		for (char *at = text; *at; at++) {
			char was = *at;
			*at = was == 'A' ? 'B' : 'A';
			assert_int_not_equal(verify(*state, text, key), SKD_OK);
			*at = was;
		}
		for (size_t size = strlen(text); size-- > 0;) {
			text[size] = '\0';
			assert_int_not_equal(verify(*state, text, key), SKD_OK);
		}
	}
}

static const char *with_header(void *owner, const char *header)
{
	return talloc_asprintf(owner, "%s.eA.eA", base64url_encode(owner, header, strlen(header)));
}

static void a_header_that_is_not_sound_is_refused_by_name(void **state)
{
	static const char *const rows[][2] = {
		{"{\"alg\":\"none\"}", "alg is none: it is not signed"},
		{"{\"alg\":\"nOnE\"}", "alg is nOnE: it is not signed"},
		{"{\"alg\":\"HS256\"}", "alg is HS256: whoever can check it can forge it"},
		{"{\"alg\":\"hs512\"}", "alg is hs512: whoever can check it can forge it"},
		{"{\"alg\":\"PS256\"}", "the alg PS256 is not known here"},
		{"{\"alg\":\"es256\"}", "the alg es256 is not known here"},
		{"{\"alg\":\"\"}", "the alg  is not known here"},
		{"{\"alg\":\"\\u0007\"}", "the alg \\x07 is not known here"},
		{"{\"alg\":7}", "the header has no alg"},
		{"{}", "the header has no alg"},
		{"[]", "the header is not an object"},
		{"\"x\"", "the header is not an object"},
		{"x", "the header is not JSON: invalid token (line 1, column 1)"},
		{"{\"alg\":\"none\",\"alg\":\"ES256\"}", "the header is not JSON: duplicate object key (line 1, column 19)"},
		{"{\"alg\":\"ES256\",\"crit\":[\"exp\"]}", "the header has crit: no extension is known here"},
		{"{\"alg\":\"ES256\",\"crit\":[]}", "the header has crit: no extension is known here"},
		{"{\"alg\":\"ES256\",\"kid\":7}", "the header's kid is not a string"},
		{"{\"alg\":\"ES256\",\"kid\":\"a\\u0000b\"}", "the header's kid is not a string"},
		{"{\"alg\":\"ES256\",\"typ\":null}", "the header's typ is not a string"},
		{"{\"alg\":\"ES256\",\"jwk\":null}", "the JWK's kty is none of OKP, EC and RSA"},
		{"{\"alg\":\"ES256\",\"jwk\":{\"kty\":\"oct\",\"k\":\"AA\"}}", "the JWK gives away a private key: k"},
		{"{\"alg\":\"ES256\",\"jwk\":{\"kty\":\"EC\",\"d\":\"AA\"}}", "the JWK gives away a private key: d"},
		{"{\"alg\":\"ES256\",\"jwk\":{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}}",
		 "the header's jwk is not for ES256"}};
	const struct public_key *key = jwk_key(*state, ec_jwk);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_string_equal(sentence_of(*state, with_header(*state, rows[i][0]), key), rows[i][1]);
	/* RFC 7515 A.5 */
	assert_string_equal(sentence_of(*state, "eyJhbGciOiJub25lIn0." JOE ".", key), "alg is none: it is not signed");
}

/* A public key's PEM, taken for the secret of an HMAC. */
static void a_public_key_is_no_shared_secret(void **state)
{
	const struct public_key *key = jwk_key(*state, rsa_jwk);
	const char *pem = key_pem(*state, key), *header = "{\"alg\":\"HS256\"}";
	unsigned char mac[32];
	size_t size;
	char *text = talloc_asprintf(*state, "%s." JOE, base64url_encode(*state, header, strlen(header)));
	assert_non_null(EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, pem, strlen(pem), (const unsigned char *)text, strlen(text), mac,
				  sizeof mac, &size));
	text = talloc_asprintf(*state, "%s.%s", text, base64url_encode(*state, mac, size));
	assert_int_equal(verify(*state, text, key), SKD_DENIED);
	assert_string_equal(((struct skd_call *)*state)->sentence, "alg is HS256: whoever can check it can forge it");
}

static void the_headers_word_must_be_the_keys(void **state)
{
	assert_string_equal(sentence_of(*state, ec_jws, jwk_key(*state, rsa_jwk)), "alg is ES256, but the key is for RS256");
	assert_string_equal(sentence_of(*state, with_header(*state, "{\"alg\":\"RS256\"}"), jwk_key(*state, ec_jwk)),
			    "alg is RS256, but the key is for ES256");
}

static void three_parts_of_base64url_and_nothing_else(void **state)
{
	const struct public_key *key = jwk_key(*state, ed_jwk);
	const char *header = "eyJhbGciOiJFZERTQSJ9", *payload = "RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc", *signature = strrchr(ed_jws, '.') + 1;
	static const char *const forms[] = {"%s", "%s.%s", "%s.%s.", "%s..%s", ".%s.%s.%s", "%s.%s.%s.", "%s.%s.%s.eA", "%s.%s.%s=", "%s.%s=.%s",
					    "%s=.%s.%s", " %s.%s.%s", "%s.%s.%s\n", "%s. %s.%s", "%s.%s.%s%%", "%s.%s.%s+/", "%sA.%s.%s", "..", ""};
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
		assert_int_equal(verify(*state, talloc_asprintf(*state, forms[i], header, payload, signature), key), SKD_BAD_INPUT);
	assert_int_equal(verify(*state, talloc_asprintf(*state, "%s.%s.%s", header, payload, signature), key), SKD_OK);
	struct jws jws;
	assert_int_equal(jws_read(*state, ed_jws, sizeof ed_jws, &jws), SKD_BAD_INPUT);
	assert_string_equal(((struct skd_call *)*state)->sentence, "a NUL is no base64url");
}

static void a_signature_must_be_one(void **state)
{
	struct text text;
	text_begin(&text, *state, 16);
	assert_int_equal(jws_sign(*state, &text, KEY_ES256, text_of("0")), SKD_BAD_INPUT);
	assert_int_equal(text.size, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_examples_of_the_rfcs_verify, call_begin, call_end),
		cmocka_unit_test_setup_teardown(what_is_made_is_read_and_verified, call_begin, call_end),
		cmocka_unit_test_setup_teardown(a_header_has_the_four_members_and_no_more, call_begin, call_end),
		cmocka_unit_test_setup_teardown(a_key_in_the_header_is_not_used, call_begin, call_end),
		cmocka_unit_test_setup_teardown(no_character_can_be_changed, call_begin, call_end),
		cmocka_unit_test_setup_teardown(a_header_that_is_not_sound_is_refused_by_name, call_begin, call_end),
		cmocka_unit_test_setup_teardown(a_public_key_is_no_shared_secret, call_begin, call_end),
		cmocka_unit_test_setup_teardown(the_headers_word_must_be_the_keys, call_begin, call_end),
		cmocka_unit_test_setup_teardown(three_parts_of_base64url_and_nothing_else, call_begin, call_end),
		cmocka_unit_test_setup_teardown(a_signature_must_be_one, call_begin, call_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
