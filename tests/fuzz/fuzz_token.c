/* SPDX-License-Identifier: Apache-2.0
 * Any bytes as a token, an id, base64url and base58: one spelling each, and one wrong character is seen. */
#include "base/text.h"
#include "fuzz.h"
#include "sign/base58.h"

#include <string.h>
#include <talloc.h>

static void token_check(char *text)
{
	char made[TOKEN_SIZE];
	if (token_valid(text)) {
		must(strlen(text) < TOKEN_SIZE, "a token has room");
		for (char *c = text; *c; c++) {
			char was = *c;
			*c = was == 'x' ? 'y' : 'x';
			must(!token_valid(text), "a token with one wrong character is none");
			*c = was;
		}
	}
	token_new("skt_", made);
	must(token_valid(made), "a token that was made is one");
}

static void base64_check(void *owner, const char *text, const uint8_t *bytes, size_t size)
{
	uint8_t *out = talloc_size(owner, size + 1);
	long count = base64url_decode(text, out, size + 1);
	must(count < 0 || strcmp(base64url_encode(owner, out, (size_t)count), text) == 0, "bytes have one spelling");
	must(count <= 0 || base64url_decode(text, out, (size_t)count - 1) < 0, "what has no room is refused");
	const char *encoded = base64url_encode(owner, bytes, size);
	must(base64url_decode(encoded, out, size) == (long)size && memcmp(out, bytes, size) == 0, "bytes come back");
}

static void base58_check(const char *text, const uint8_t *bytes, size_t size)
{
	uint8_t out[BASE58_BYTES];
	char spelled[BASE58_TEXT];
	long count = base58_decode(text, out, sizeof out);
	if (count >= 0) {
		base58_encode(out, (size_t)count, spelled);
		must(strcmp(spelled, text) == 0, "bytes have one spelling");
	}
	if (size > sizeof out)
		return;
	base58_encode(bytes, size, spelled);
	must(base58_decode(spelled, out, size) == (long)size && memcmp(out, bytes, size) == 0, "bytes come back");
}

static void uuid_check(const char *text)
{
	char lower[UUID_SIZE], again[UUID_SIZE];
	if (!uuid_parse(text, lower))
		return;
	must(uuid_valid(lower) && uuid_parse(lower, again) && strcmp(lower, again) == 0, "an id has one spelling");
	must(string_equal_nocase(lower, text), "which is its own");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	void *owner = talloc_new(NULL);
	char *text = malloc(size + 1);
	memcpy(text, bytes, size);
	text[size] = '\0';
	uuid_check(text);
	base64_check(owner, text, bytes, size);
	base58_check(text, bytes, size);
	token_check(text);
	free(text);
	talloc_free(owner);
	return 0;
}
