/* SPDX-License-Identifier: Apache-2.0
 * Lines that say how far the chain went, signed and read. Whose key is to be trusted is not known here. */
#include "sign/checkpoint.h"

#include "sign/signer.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY = 32, SIGNATURE = 64 };

static const char MARK[] = "skillsd-checkpoint 1 ";

bool checkpoint_public_valid(const char *public)
{
	uint8_t bytes[KEY];
	return base64url_decode(public, bytes, KEY) == KEY;
}

/* What the SubjectPublicKeyInfo of every Ed25519 key begins with (RFC 8410 4), 12 bytes, in base64. */
static const char SPKI[] = "MCowBQYDK2VwAyEA";

bool checkpoint_key_read(const char *line, struct checkpoint_key *key)
{
	char id[UUID_SIZE], spki[61];
	int end = 0;
	if (sscanf(line, "%36s ed25519 checkpoint %60s%n", id, spki, &end) != 2 || line[end] || !uuid_parse(id, key->id) ||
	    strlen(spki) != 60 || strncmp(spki, SPKI, strlen(SPKI)) != 0 || spki[59] != '=')
		return false;
	snprintf(key->public, sizeof key->public, "%.43s", spki + strlen(SPKI));
	for (char *at = key->public; *at; at++)
		*at = *at == '+' ? '-' : *at == '/' ? '_' : *at;
	return checkpoint_public_valid(key->public);
}

enum skd_outcome checkpoint_write(struct skd_call *call, struct signer *signer, const struct checkpoint_key *key, int64_t sequence,
				  const uint8_t hash[DIGEST_SIZE], const char *at, const char **line)
{
	struct text text;
	text_begin(&text, call, 320);
	text_addf(&text, "%s%" PRId64 " %s %s %s", MARK, sequence, at, base64url_encode(call, hash, DIGEST_SIZE), key ? key->public : "-");
	struct signer_job job = {.type = SIGNER_CHECKPOINT, .bytes = {text.bytes, text.size}};
	if (key) {
		job.key = key->id;
		TRY(signer_sign(call, signer, 1, &job));
	}
	text_addf(&text, " %s", key ? base64url_encode(call, job.signature.bytes, job.signature.size) : "-");
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
