/* SPDX-License-Identifier: Apache-2.0
 * Lines that say how far the chain went, signed and read. Whose key is to be trusted is not known here. */
#include "sign/checkpoint.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
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

/* Takes a word of just so many bytes, up to a space or the line's end, and the one space behind it. */
static bool word_take(const char **at, char *word, size_t least, size_t most)
{
	size_t size = strcspn(*at, " \r\n");
	if (size < least || size > most)
		return false;
	memcpy(word, *at, size);
	word[size] = '\0';
	*at += size + ((*at)[size] == ' ');
	return true;
}

/* What a line is taken apart into, once: who reads it and who verifies it see the same. */
struct parts {
	struct checkpoint said;
	const char *text; /* that is signed */
	size_t size;
	char signature[87];
};

static bool parts_read(const char *line, struct parts *parts)
{
	enum { NUMBER = 18, TIME_LEAST = 20, HASH_TEXT = 43, KEY_TEXT = 43, SIGNATURE_TEXT = 86 };
	struct checkpoint *said = &parts->said;
	char number[NUMBER + 1], hash[HASH_TEXT + 1];
	const char *at = parts->text = mark_find(line);
	if (!at)
		return false;
	at += strlen(MARK);
	if (!word_take(&at, number, 1, NUMBER) || strspn(number, "0123456789") != strlen(number) ||
	    !word_take(&at, said->at, TIME_LEAST, TIME_SIZE - 1) || !word_take(&at, hash, HASH_TEXT, HASH_TEXT) ||
	    !word_take(&at, said->key, 1, KEY_TEXT))
		return false;
	parts->size = (size_t)(at - 1 - parts->text);
	bool bare = strcmp(said->key, "-") == 0;
	size_t length = bare ? 1 : SIGNATURE_TEXT;
	said->sequence = strtoll(number, NULL, 10);
	return (bare || strlen(said->key) == KEY_TEXT) && word_take(&at, parts->signature, length, length) &&
	       base64url_decode(hash, said->hash, DIGEST_SIZE) == DIGEST_SIZE;
}

bool checkpoint_read(const char *line, struct checkpoint *checkpoint)
{
	struct parts parts;
	if (!parts_read(line, &parts))
		return false;
	*checkpoint = parts.said;
	return true;
}

bool checkpoint_is_signed(const char *line)
{
	struct parts parts;
	uint8_t key[KEY], bytes[SIGNATURE];
	if (!parts_read(line, &parts) || base64url_decode(parts.said.key, key, KEY) != KEY ||
	    base64url_decode(parts.signature, bytes, SIGNATURE) != SIGNATURE)
		return false;
	EVP_PKEY *pair = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, KEY);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good = pair && context && EVP_DigestVerifyInit(context, NULL, NULL, NULL, pair) == 1 &&
		    EVP_DigestVerify(context, bytes, SIGNATURE, (const uint8_t *)parts.text, parts.size) == 1;
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(pair);
	return good;
}
