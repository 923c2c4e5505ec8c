/* SPDX-License-Identifier: Apache-2.0
 * What daemon/sign does, for tests to hold against vectors and other implementations:
 *   sign canon | bytes CONFIGURATION | base58 HEX | proof MULTIBASE | jws JWK
 * Reads stdin, prints the result, or the sentence of a refusal with status 1. */
#include "sign/base58.h"
#include "sign/canon.h"
#include "sign/jws.h"
#include "sign/proof.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct skd_text standard_input(struct skd_call *call)
{
	struct text text;
	ssize_t got;
	text_begin(&text, call, 65536);
	while ((got = read(STDIN_FILENO, text_room(&text, 65536), 65536)) > 0)
		text.size += (size_t)got;
	return (struct skd_text){text.bytes, text.size};
}

static enum skd_outcome canon(struct skd_call *call, const char *unused, struct text *out)
{
	struct skd_text in = standard_input(call);
	json_t *json;
	(void)unused;
	TRY(canon_read(call, "it", in.bytes, in.size, &json));
	return canon_write(call, json, out);
}

static enum skd_outcome bytes(struct skd_call *call, const char *configuration, struct text *out)
{
	uint8_t hash[PROOF_BYTES];
	proof_bytes(hasher_new(call), (struct skd_text){configuration, strlen(configuration)}, standard_input(call), hash);
	for (size_t i = 0; i < sizeof hash; i++)
		text_addf(out, "%02x", hash[i]);
	return SKD_OK;
}

static enum skd_outcome base58(struct skd_call *call, const char *hex, struct text *out)
{
	uint8_t raw[BASE58_BYTES];
	char text[BASE58_TEXT];
	size_t size = strlen(hex) / 2;
	(void)call;
	for (size_t i = 0; i < size && i < sizeof raw; i++)
		sscanf(hex + 2 * i, "%2hhx", &raw[i]);
	text_add(out, text, base58_encode(raw, size, text));
	return SKD_OK;
}

static enum skd_outcome proof(struct skd_call *call, const char *multibase, struct text *out)
{
	struct skd_text in = standard_input(call);
	struct public_key *key;
	const json_t *found;
	json_t *document;
	TRY(canon_read(call, "the document", in.bytes, in.size, &document));
	TRY(key_from_multibase(call, multibase, &key));
	TRY(proof_find(call, document, PROOF_JCS, &found));
	text_adds(out, "good");
	return proof_verify(call, document, found, key);
}

static enum skd_outcome jws(struct skd_call *call, const char *jwk, struct text *out)
{
	struct skd_text in = standard_input(call);
	struct public_key *key;
	struct jws jws;
	json_t *json;
	TRY(canon_read(call, "the key", jwk, strlen(jwk), &json));
	TRY(key_from_jwk(call, json, &key));
	TRY(jws_read(call, in.bytes, in.size, &jws));
	text_add(out, jws.payload.bytes, jws.payload.size);
	return jws_verify(call, &jws, key);
}

static const struct {
	const char *name;
	enum skd_outcome (*run)(struct skd_call *call, const char *argument, struct text *out);
} commands[] = {{"canon", canon}, {"bytes", bytes}, {"base58", base58}, {"proof", proof}, {"jws", jws}};

int main(int argc, char **argv)
{
	struct skd_call *call = call_new("sign", 60000);
	struct text out;
	int status = 2;
	text_begin(&out, call, 4096);
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
		if (argc < 2 || strcmp(argv[1], commands[i].name) != 0)
			continue;
		status = commands[i].run(call, argc > 2 ? argv[2] : "", &out) != SKD_OK;
		fputs(status ? call->sentence : text_end(&out), stdout);
	}
	talloc_free(call);
	return status;
}
