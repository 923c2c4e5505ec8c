/* SPDX-License-Identifier: Apache-2.0
 * Keys with OpenSSL's EVP; private bytes stay in its secure heap as far as it does that. */
#include "signer/key.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "helper/say.h"

static const char MARK[] = "skillsd-key 1 ";

const struct algorithm algorithms[] = {
	{"ed25519", "EdDSA", "ED25519"}, {"p256", "ES256", "EC"}, {"rsa2048", "RS256", "RSA"}, {NULL}};

const char *const purposes[] = {[PURPOSE_ASSERTION] = "assertion", [PURPOSE_CHECKPOINT] = "checkpoint", NULL};

const struct algorithm *algorithm_named(const char *name)
{
	for (const struct algorithm *one = algorithms; one->name; one++)
		if (strcmp(one->name, name) == 0)
			return one;
	return NULL;
}

int purpose_named(const char *name)
{
	for (int i = 0; purposes[i]; i++)
		if (strcmp(purposes[i], name) == 0)
			return i;
	return -1;
}

/* ---- ids ---- */

static bool dash_before(int byte)
{
	return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

void key_id_format(const uint8_t id[KEY_ID_SIZE], char text[KEY_ID_TEXT])
{
	for (int i = 0; i < KEY_ID_SIZE; i++)
		text += sprintf(text, dash_before(i) ? "-%02x" : "%02x", id[i]);
}

bool key_id_parse(const char *text, uint8_t id[KEY_ID_SIZE])
{
	char again[KEY_ID_TEXT];
	const char *at = text;
	if (strlen(text) != KEY_ID_TEXT - 1)
		return false;
	for (int i = 0; i < KEY_ID_SIZE; i++, at += 2) {
		at += dash_before(i);
		if (sscanf(at, "%2hhx", &id[i]) != 1)
			return false;
	}
	key_id_format(id, again);
	return strcmp(again, text) == 0;
}

static bool key_id_make(uint8_t id[KEY_ID_SIZE])
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	uint64_t milliseconds = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	if (RAND_bytes(id, KEY_ID_SIZE) != 1)
		return false;
	for (int i = 0; i < 6; i++)
		id[i] = (uint8_t)(milliseconds >> (40 - 8 * i));
	id[6] = (id[6] & 0x0f) | 0x70;
	id[8] = (id[8] & 0x3f) | 0x80;
	return true;
}

/* ---- pairs ---- */

/* Takes the pair over. */
static struct key *key_new(const uint8_t id[KEY_ID_SIZE], const struct algorithm *algorithm, enum purpose purpose, EVP_PKEY *pair)
{
	struct key *key = calloc(1, sizeof *key);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	if (!pair || !key || !context) {
		EVP_MD_CTX_free(context);
		EVP_PKEY_free(pair);
		free(key);
		return NULL;
	}
	*key = (struct key){.algorithm = algorithm, .purpose = purpose, .pair = pair, .context = context};
	memcpy(key->id, id, KEY_ID_SIZE);
	return key;
}

void key_free(struct key *key)
{
	if (!key)
		return;
	EVP_MD_CTX_free(key->context);
	EVP_PKEY_free(key->pair);
	free(key);
}

static bool may_serve(const struct algorithm *algorithm, enum purpose purpose)
{
	return purpose != PURPOSE_CHECKPOINT || algorithm == &algorithms[0];
}

static EVP_PKEY *pair_make(const struct algorithm *algorithm)
{
	enum { RSA_BITS = 2048 };
	if (strcmp(algorithm->type, "EC") == 0)
		return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	if (strcmp(algorithm->type, "RSA") == 0)
		return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)RSA_BITS);
	return EVP_PKEY_Q_keygen(NULL, NULL, algorithm->type);
}

struct key *key_make(const struct algorithm *algorithm, enum purpose purpose)
{
	uint8_t id[KEY_ID_SIZE];
	if (!may_serve(algorithm, purpose)) {
		say("checkpoints are signed with %s, not with %s", algorithms[0].name, algorithm->name);
		return NULL;
	}
	struct key *key = key_id_make(id) ? key_new(id, algorithm, purpose, pair_make(algorithm)) : NULL;
	if (!key)
		say("OpenSSL makes no key of %s", algorithm->name);
	return key;
}

/* ---- their text ---- */

static bool pair_fits(const EVP_PKEY *pair, const struct algorithm *algorithm)
{
	enum { RSA_BITS = 2048 };
	char group[32];
	if (!EVP_PKEY_is_a(pair, algorithm->type))
		return false;
	if (strcmp(algorithm->type, "EC") == 0)
		return EVP_PKEY_get_group_name(pair, group, sizeof group, NULL) == 1 && strcmp(group, "prime256v1") == 0;
	return strcmp(algorithm->type, "RSA") != 0 || EVP_PKEY_get_bits(pair) == RSA_BITS;
}

/* Whether the two halves belong together: with a half of another a signature can give the key away. */
static bool pair_whole(EVP_PKEY *pair)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, pair, NULL);
	bool whole = context && EVP_PKEY_pairwise_check(context) == 1;
	EVP_PKEY_CTX_free(context);
	return whole;
}

static int no_password(char *buffer, int size, int writing, void *unused)
{
	(void)buffer, (void)size, (void)writing, (void)unused;
	return -1;
}

static EVP_PKEY *pair_read(const char *text, size_t size)
{
	uint8_t *bytes = NULL;
	long length = 0;
	EVP_PKEY *pair = NULL;
	BIO *bio = BIO_new_mem_buf(text, (int)size);
	if (bio && PEM_bytes_read_bio_secmem(&bytes, &length, NULL, PEM_STRING_PKCS8INF, bio, no_password, NULL) == 1) {
		const uint8_t *at = bytes;
		PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, length);
		pair = info ? EVP_PKCS82PKEY(info) : NULL;
		PKCS8_PRIV_KEY_INFO_free(info);
		OPENSSL_secure_clear_free(bytes, (size_t)length);
	}
	BIO_free(bio);
	return pair;
}

struct key *key_read(const uint8_t id[KEY_ID_SIZE], const char *text, size_t size, const char **why)
{
	char line[64], name[16], purpose[16];
	const char *end = memchr(text, '\n', size);
	size_t length = end ? (size_t)(end - text) : 0;
	*why = "its first line is not \"skillsd-key 1 ALGORITHM PURPOSE\"";
	if (!end || length >= sizeof line || size < sizeof MARK || memcmp(text, MARK, sizeof MARK - 1) != 0)
		return NULL;
	memcpy(line, text, length);
	line[length] = '\0';
	if (sscanf(line + sizeof MARK - 1, "%15[a-z0-9] %15[a-z]", name, purpose) != 2)
		return NULL;
	const struct algorithm *algorithm = algorithm_named(name);
	int served = purpose_named(purpose);
	if (!algorithm || served < 0 || !may_serve(algorithm, (enum purpose)served))
		return NULL;
	*why = "no key follows (PKCS#8 as PEM, without a password)";
	EVP_PKEY *pair = pair_read(end + 1, size - length - 1);
	if (!pair)
		return NULL;
	*why = "its key is none of the algorithm that its first line names, or its halves do not belong together";
	if (pair_fits(pair, algorithm) && pair_whole(pair))
		return key_new(id, algorithm, (enum purpose)served, pair);
	EVP_PKEY_free(pair);
	return NULL;
}

BIO *key_write(const struct key *key)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	if (bio && BIO_printf(bio, "%s%s %s\n", MARK, key->algorithm->name, purposes[key->purpose]) > 0 &&
	    PEM_write_bio_PKCS8PrivateKey(bio, key->pair, NULL, NULL, 0, NULL, NULL) == 1)
		return bio;
	BIO_free(bio);
	return NULL;
}

bool key_public(const struct key *key, char text[KEY_PUBLIC_MAX])
{
	uint8_t bytes[(KEY_PUBLIC_MAX - 1) / 4 * 3], *at = bytes;
	int size = i2d_PUBKEY(key->pair, NULL);
	if (size <= 0 || (size_t)size > sizeof bytes || i2d_PUBKEY(key->pair, &at) != size)
		return false;
	EVP_EncodeBlock((uint8_t *)text, bytes, size);
	return true;
}
