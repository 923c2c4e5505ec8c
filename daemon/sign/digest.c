/* SPDX-License-Identifier: Apache-2.0
 * Keyed hashes and sealed boxes with OpenSSL's EVP. */
#include "sign/digest.h"

#include "base/text.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

enum { NONCE = 12, TAG = 16 };

void digest_keyed(const char *key, const char *label, size_t count, const struct digest_part *parts,
		  uint8_t out[DIGEST_SIZE])
{
	struct text all;
	unsigned size = DIGEST_SIZE;
	void *owner = talloc_new(NULL);
	text_begin(&all, owner, 256);
	text_add(&all, label, strlen(label) + 1);
	for (size_t i = 0; i < count; i++) {
		uint64_t length = parts[i].size;
		text_add(&all, (const char *)&length, sizeof length);
		text_add(&all, parts[i].bytes, parts[i].size);
	}
	if (!HMAC(EVP_sha256(), key, (int)strlen(key), (const uint8_t *)all.bytes, all.size, out, &size))
		abort();
	explicit_bzero(all.bytes, all.size);
	talloc_free(owner);
}

struct hasher {
	EVP_MD_CTX *context;
	EVP_MD *sha256; /* fetched once: to look it up costs more than to hash a short value */
};

static int hasher_drop(struct hasher *hasher)
{
	EVP_MD_CTX_free(hasher->context);
	EVP_MD_free(hasher->sha256);
	return 0;
}

struct hasher *hasher_new(void *owner)
{
	struct hasher *hasher = talloc_zero(owner, struct hasher);
	hasher->context = EVP_MD_CTX_new();
	hasher->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (!hasher->context || !hasher->sha256)
		abort();
	talloc_set_destructor(hasher, hasher_drop);
	return hasher;
}

void hasher_sha256(struct hasher *hasher, const void *bytes, size_t size, uint8_t out[DIGEST_SIZE])
{
	if (!EVP_DigestInit_ex2(hasher->context, hasher->sha256, NULL) ||
	    !EVP_DigestUpdate(hasher->context, bytes, size) || !EVP_DigestFinal_ex(hasher->context, out, NULL))
		abort();
}

void hasher_digest(struct hasher *hasher, const void *bytes, size_t size, uint8_t out[16])
{
	uint8_t whole[DIGEST_SIZE];
	hasher_sha256(hasher, bytes, size, whole);
	memcpy(out, whole, 16);
}

void hasher_fields(struct hasher *hasher, const char *label, size_t count, const struct skd_text *fields,
		   uint8_t out[DIGEST_SIZE])
{
	bool good = EVP_DigestInit_ex2(hasher->context, hasher->sha256, NULL) &&
		    EVP_DigestUpdate(hasher->context, label, strlen(label) + 1);
	for (size_t i = 0; i < count && good; i++) {
		uint64_t size = fields[i].bytes ? fields[i].size : UINT64_MAX;
		uint8_t front[8];
		for (int k = 0; k < 8; k++)
			front[k] = (uint8_t)(size >> (56 - 8 * k));
		good = EVP_DigestUpdate(hasher->context, front, sizeof front) &&
		       (!fields[i].bytes || EVP_DigestUpdate(hasher->context, fields[i].bytes, fields[i].size));
	}
	if (!good || !EVP_DigestFinal_ex(hasher->context, out, NULL))
		abort();
}

static EVP_CIPHER_CTX *cipher_new(const char *key, const char *label, const uint8_t nonce[NONCE], int encrypt)
{
	uint8_t derived[DIGEST_SIZE];
	EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
	digest_keyed(key, label, 0, NULL, derived);
	if (!cipher || EVP_CipherInit_ex(cipher, EVP_aes_256_gcm(), NULL, derived, nonce, encrypt) != 1)
		abort();
	explicit_bzero(derived, sizeof derived);
	return cipher;
}

enum skd_outcome seal_make(struct skd_call *call, const char *key, const char *label, const void *bytes, size_t size,
			   uint8_t **sealed, size_t *sealed_size)
{
	uint8_t *out = talloc_size(call, NONCE + size + TAG);
	int length = 0, last = 0;
	random_bytes(out, NONCE);
	EVP_CIPHER_CTX *cipher = cipher_new(key, label, out, 1);
	bool good = EVP_EncryptUpdate(cipher, out + NONCE, &length, bytes, (int)size) == 1 &&
		    EVP_EncryptFinal_ex(cipher, out + NONCE + length, &last) == 1 &&
		    EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, TAG, out + NONCE + size) == 1;
	EVP_CIPHER_CTX_free(cipher);
	if (!good)
		return fail(call, SKD_FAULT, "sealing failed");
	*sealed = out;
	*sealed_size = NONCE + size + TAG;
	return SKD_OK;
}

enum skd_outcome seal_open(struct skd_call *call, const char *key, const char *label, const uint8_t *sealed,
			   size_t sealed_size, char **bytes, size_t *size)
{
	if (sealed_size < NONCE + TAG)
		return fail(call, SKD_FAULT, "a sealed value is too short");
	size_t inner = sealed_size - NONCE - TAG;
	char *out = talloc_zero_size(call, inner + 1);
	int length = 0, last = 0;
	EVP_CIPHER_CTX *cipher = cipher_new(key, label, sealed, 0);
	bool good = EVP_DecryptUpdate(cipher, (uint8_t *)out, &length, sealed + NONCE, (int)inner) == 1 &&
		    EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_SET_TAG, TAG, (void *)(sealed + NONCE + inner)) == 1 &&
		    EVP_DecryptFinal_ex(cipher, (uint8_t *)out + length, &last) == 1;
	EVP_CIPHER_CTX_free(cipher);
	if (!good)
		return fail(call, SKD_FAULT, "a sealed value does not open: was the token key changed?");
	*bytes = out;
	*size = inner;
	return SKD_OK;
}
