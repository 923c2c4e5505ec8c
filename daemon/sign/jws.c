/* SPDX-License-Identifier: Apache-2.0
 * Compact JWS. The algorithm is the key's; the header's word for it only has to agree. */
#include "sign/jws.h"

#include "base/json.h"
#include "sign/canon.h"

#include <string.h>

/* ---- making ---- */

void jws_begin(struct text *to, const struct jws_header *header, struct skd_text payload)
{
	struct text text;
	struct json json;
	text_begin(&text, to->owner, 256);
	json_begin(&json, &text);
	put_object(&json, NULL);
	put_string(&json, "alg", key_algorithm_name(header->algorithm));
	if (header->jwk) {
		put_object(&json, "jwk");
		key_put_jwk(&json, header->jwk);
		put_object_end(&json);
	}
	put_string(&json, "kid", header->kid);
	put_string(&json, "typ", header->typ);
	put_object_end(&json);
	text_add_base64url(to, text.bytes, text.size);
	text_add(to, ".", 1);
	text_add_base64url(to, payload.bytes, payload.size);
	talloc_free(text.bytes);
}

enum skd_outcome jws_sign(struct skd_call *call, struct text *to, enum key_algorithm algorithm, struct skd_text signature)
{
	uint8_t raw[ES256_SIZE];
	if (algorithm == KEY_ES256) {
		if (!es256_from_der((const uint8_t *)signature.bytes, signature.size, raw))
			return fail(call, SKD_BAD_INPUT, "it is no signature of ES256");
		signature = (struct skd_text){(char *)raw, sizeof raw};
	}
	text_add(to, ".", 1);
	text_add_base64url(to, signature.bytes, signature.size);
	return SKD_OK;
}

/* ---- reading ---- */

static enum skd_outcome algorithm_read(struct skd_call *call, const json_t *header, enum key_algorithm *algorithm)
{
	const char *name = canon_string(header, "alg");
	if (!name)
		return fail(call, SKD_BAD_INPUT, "the header has no alg");
	if (key_algorithm_find(name, algorithm))
		return SKD_OK;
	if (string_equal_nocase(name, "none"))
		return fail(call, SKD_DENIED, "alg is %s: it is not signed", text_shown(call, name));
	if ((name[0] | 0x20) == 'h' && (name[1] | 0x20) == 's')
		return fail(call, SKD_DENIED, "alg is %s: whoever can check it can forge it", text_shown(call, name));
	return fail(call, SKD_ABSENT, "the alg %s is not known here", text_shown(call, name));
}

static enum skd_outcome string_read(struct skd_call *call, const json_t *header, const char *name, const char **string)
{
	*string = canon_string(header, name);
	if (!*string && json_object_get(header, name))
		return fail(call, SKD_BAD_INPUT, "the header's %s is not a string", name);
	return SKD_OK;
}

static enum skd_outcome header_read(struct skd_call *call, struct skd_text bytes, struct jws_header *header)
{
	json_t *json;
	struct public_key *jwk = NULL;
	TRY(canon_read(call, "the header", bytes.bytes, bytes.size, &json));
	if (!json_is_object(json))
		return fail(call, SKD_BAD_INPUT, "the header is not an object");
	if (json_object_get(json, "crit"))
		return fail(call, SKD_BAD_INPUT, "the header has crit: no extension is known here");
	TRY(algorithm_read(call, json, &header->algorithm));
	TRY(string_read(call, json, "kid", &header->kid));
	TRY(string_read(call, json, "typ", &header->typ));
	if (json_object_get(json, "jwk"))
		TRY(key_from_jwk(call, json_object_get(json, "jwk"), &jwk));
	if (jwk && key_algorithm(jwk) != header->algorithm)
		return fail(call, SKD_BAD_INPUT, "the header's jwk is not for %s", key_algorithm_name(header->algorithm));
	header->jwk = jwk;
	return SKD_OK;
}

/* Up to a dot, or the end. */
static enum skd_outcome part_read(struct skd_call *call, char **at, const char *what, struct skd_text *part)
{
	char *text = strsep(at, ".");
	size_t size = text ? strlen(text) : 0;
	char *bytes = talloc_size(call, size + 1);
	long count = size ? base64url_decode(text, bytes, size) : -1;
	if (count <= 0)
		return fail(call, SKD_BAD_INPUT, "the %s is absent, or no base64url", what);
	bytes[count] = '\0';
	*part = (struct skd_text){bytes, (size_t)count};
	return SKD_OK;
}

enum skd_outcome jws_read(struct skd_call *call, const char *bytes, size_t size, struct jws *jws)
{
	char *text = talloc_strndup(call, bytes, size), *at = text;
	struct skd_text header;
	*jws = (struct jws){0};
	if (strlen(text) != size)
		return fail(call, SKD_BAD_INPUT, "a NUL is no base64url");
	TRY(part_read(call, &at, "header", &header));
	TRY(header_read(call, header, &jws->header));
	TRY(part_read(call, &at, "payload", &jws->payload));
	size_t signed_size = at ? (size_t)(at - text - 1) : 0;
	TRY(part_read(call, &at, "signature", &jws->signature));
	if (at)
		return fail(call, SKD_BAD_INPUT, "there are more than three parts");
	jws->input = (struct skd_text){talloc_memdup(call, bytes, signed_size), signed_size};
	return SKD_OK;
}

enum skd_outcome jws_verify(struct skd_call *call, const struct jws *jws, const struct public_key *key)
{
	enum key_algorithm algorithm = jws->header.algorithm;
	if (algorithm != key_algorithm(key))
		return fail(call, SKD_DENIED, "alg is %s, but the key is for %s", key_algorithm_name(algorithm),
			    key_algorithm_name(key_algorithm(key)));
	if (!key_verify(key, algorithm, jws->input, jws->signature))
		return fail(call, SKD_DENIED, "the signature does not fit: the text was changed, or another key signed it");
	return SKD_OK;
}
