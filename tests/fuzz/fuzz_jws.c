/* SPDX-License-Identifier: Apache-2.0
 * Any bytes as a JWS, and as the header of one: what is read has one spelling, and fits no key that did not make it. */
#include "fuzz.h"
#include "sign/canon.h"
#include "sign/jws.h"

#include <string.h>

/* RFC 7515 A.2 and A.3, RFC 8037 A.2: the RFCs' own examples are all that they verify. */
static const char *const jwks[] = {
	"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
	"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
	"\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}",
	"{\"e\":\"AQAB\",\"kty\":\"RSA\",\"n\":\"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPM"
	"EzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQ"
	"OS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PA"
	"cDTW9gb54h4FRWyuXpoQ\"}"};

static bool is_of_the_rfcs(struct skd_text payload)
{
	static const char joe[] = "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";
	return strcmp(payload.bytes, joe) == 0 || strcmp(payload.bytes, "Example of Ed25519 signing") == 0;
}

static void jws_check(struct skd_call *call, const char *bytes, size_t size, const struct jws *jws)
{
	struct text again;
	json_t *jwk;
	struct public_key *key;
	text_begin(&again, call, size + 1);
	text_add(&again, jws->input.bytes, jws->input.size);
	text_add(&again, ".", 1);
	text_add_base64url(&again, jws->signature.bytes, jws->signature.size);
	must(again.size == size && memcmp(again.bytes, bytes, size) == 0, "it has one spelling");
	must(jws->payload.size && jws->payload.bytes[jws->payload.size] == '\0', "there is a payload, with a NUL behind it");
	must(!jws->header.jwk || key_algorithm(jws->header.jwk) == jws->header.algorithm, "a key in it is for its algorithm");
	must(canon_read(call, "the key", jwks[jws->header.algorithm], strlen(jwks[jws->header.algorithm]), &jwk) == SKD_OK &&
		     key_from_jwk(call, jwk, &key) == SKD_OK,
	     "the RFCs' keys are read");
	if (jws_verify(call, jws, key) == SKD_OK)
		must(is_of_the_rfcs(jws->payload), "what the RFCs did not sign is not theirs");
	else
		must(call->outcome == SKD_DENIED && call->sentence, "a refusal says why");
}

static void jws_try(const char *bytes, size_t size)
{
	struct skd_call *call = call_new("fuzz", 1000);
	struct jws jws;
	if (jws_read(call, bytes, size, &jws) == SKD_OK)
		jws_check(call, bytes, size, &jws);
	else
		must((call->outcome == SKD_BAD_INPUT || call->outcome == SKD_DENIED || call->outcome == SKD_ABSENT) &&
			     call->sentence && utf8_valid(call->sentence, strlen(call->sentence)),
		     "a refusal says why");
	talloc_free(call);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct text text;
	void *owner = talloc_new(NULL);
	jws_try((const char *)bytes, size);
	text_begin(&text, owner, 16);
	text_add_base64url(&text, bytes, size);
	text_adds(&text, ".eA.eA");
	jws_try(text.bytes, text.size);
	talloc_free(owner);
	return 0;
}
