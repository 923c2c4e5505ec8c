/* SPDX-License-Identifier: Apache-2.0
 * Lines that say how far the chain went, signed and read. Whose key is to be trusted is not known here. */
#include "sign/checkpoint.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

enum { KEY = 32, SIGNATURE = 64 };

static const char MARK[] = "skillsd-checkpoint 1 ";

bool checkpoint_key_valid(const char *key)
{
	return strlen(key) == 2 * KEY && strspn(key, "0123456789abcdefABCDEF") == 2 * KEY;
}

bool checkpoint_public_valid(const char *public)
{
	uint8_t bytes[KEY];
	return base64url_decode(public, bytes, KEY) == KEY;
}

static EVP_PKEY *private_of(const char *key)
{
	uint8_t seed[KEY];
	for (int i = 0; i < KEY; i++)
		sscanf(key + 2 * i, "%2hhx", &seed[i]);
	EVP_PKEY *pair = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, KEY);
	explicit_bzero(seed, sizeof seed);
	return pair;
}

static const char *public_of(void *owner, const EVP_PKEY *pair)
{
	uint8_t bytes[KEY];
	size_t size = KEY;
	return pair && EVP_PKEY_get_raw_public_key(pair, bytes, &size) == 1 ? base64url_encode(owner, bytes, KEY) : NULL;
}

const char *checkpoint_public(void *owner, const char *key)
{
	EVP_PKEY *pair = private_of(key);
	const char *public = public_of(owner, pair);
	EVP_PKEY_free(pair);
	return public;
}

static bool text_sign(EVP_PKEY *pair, const struct text *text, uint8_t signature[SIGNATURE])
{
	size_t size = SIGNATURE;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good = context && EVP_DigestSignInit(context, NULL, NULL, NULL, pair) == 1 &&
		    EVP_DigestSign(context, signature, &size, (const uint8_t *)text->bytes, text->size) == 1;
	EVP_MD_CTX_free(context);
	return good;
}

enum skd_outcome checkpoint_write(struct skd_call *call, const char *key, int64_t sequence, const uint8_t hash[DIGEST_SIZE],
				  const char *at, const char **line)
{
	uint8_t signature[SIGNATURE];
	struct text text;
	EVP_PKEY *pair = key ? private_of(key) : NULL;
	const char *public = key ? public_of(call, pair) : "-";
	text_begin(&text, call, 320);
	text_addf(&text, "%s%" PRId64 " %s %s %s", MARK, sequence, at, base64url_encode(call, hash, DIGEST_SIZE),
		  public ? public : "");
	bool good = public && (!key || text_sign(pair, &text, signature));
	EVP_PKEY_free(pair);
	if (!good)
		return fail(call, SKD_FAULT, "a checkpoint of the audit cannot be signed");
	text_addf(&text, " %s", key ? base64url_encode(call, signature, SIGNATURE) : "-");
	*line = text_end(&text);
	return SKD_OK;
}

/* The last one: before it there may be half of another, behind which a write has failed. */
static const char *mark_find(const char *line)
{
	const char *at = strstr(line, MARK), *next = at;
	while (next && (next = strstr(next + 1, MARK)))
		at = next;
	return at;
}

static bool is_whole(const char *encoded, size_t length)
{
	return strcmp(encoded, "-") == 0 || strlen(encoded) == length;
}

bool checkpoint_read(const char *line, struct checkpoint *checkpoint)
{
	char hash[44], signature[87];
	const char *at = mark_find(line);
	return at && sscanf(at + strlen(MARK), "%" SCNd64 " %31s %43s %43s %86s", &checkpoint->sequence, checkpoint->at, hash,
			    checkpoint->key, signature) == 5 &&
	       base64url_decode(hash, checkpoint->hash, DIGEST_SIZE) == DIGEST_SIZE && is_whole(checkpoint->key, 43) &&
	       is_whole(signature, 86);
}

bool checkpoint_is_signed(const char *line)
{
	char public[44], signature[87];
	uint8_t key[KEY], bytes[SIGNATURE];
	int size = 0;
	const char *at = mark_find(line);
	if (!at || sscanf(at, "%*s %*s %*s %*s %*s %43s%n %86s", public, &size, signature) != 2 ||
	    base64url_decode(public, key, KEY) != KEY || base64url_decode(signature, bytes, SIGNATURE) != SIGNATURE)
		return false;
	EVP_PKEY *pair = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, KEY);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good = pair && context && EVP_DigestVerifyInit(context, NULL, NULL, NULL, pair) == 1 &&
		    EVP_DigestVerify(context, bytes, SIGNATURE, (const uint8_t *)at, (size_t)size) == 1;
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(pair);
	return good;
}
