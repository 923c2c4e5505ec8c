/* SPDX-License-Identifier: Apache-2.0
 * For tests of keys and signatures: calls, hexadecimal, and keys that sign. */
#ifndef TESTS_KEYS_H
#define TESTS_KEYS_H

#include "sign/key.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static inline int call_begin(void **state)
{
	*state = call_new("test", 1000);
	return 0;
}

static inline int call_end(void **state)
{
	talloc_free(*state);
	return 0;
}

static inline struct skd_text text_of(const char *text)
{
	return (struct skd_text){text, strlen(text)};
}

static inline struct skd_text bytes_of(void *owner, const char *hex)
{
	struct skd_text text = {talloc_size(owner, strlen(hex) / 2 + 1), strlen(hex) / 2};
	for (size_t i = 0; i < text.size; i++)
		sscanf(hex + 2 * i, "%2hhx", (unsigned char *)text.bytes + i);
	return text;
}

static inline int pair_drop(EVP_PKEY **pair)
{
	EVP_PKEY_free(*pair);
	return 0;
}

/* It goes with its owner. */
static inline EVP_PKEY *pair_keep(void *owner, EVP_PKEY *pair)
{
	EVP_PKEY **holder = talloc(owner, EVP_PKEY *);
	assert_non_null(pair);
	*holder = pair;
	talloc_set_destructor(holder, pair_drop);
	return pair;
}

static inline struct skd_text der_of(void *owner, EVP_PKEY *pair)
{
	unsigned char *bytes = NULL;
	int size = i2d_PUBKEY(pair, &bytes);
	assert_true(size > 0);
	struct skd_text der = {talloc_memdup(owner, bytes, (size_t)size), (size_t)size};
	OPENSSL_free(bytes);
	return der;
}

static inline struct public_key *public_of(struct skd_call *call, EVP_PKEY *pair)
{
	struct public_key *key;
	struct skd_text der = der_of(call, pair);
	assert_int_equal(key_from_der(call, (const uint8_t *)der.bytes, der.size, &key), SKD_OK);
	return key;
}

/* As OpenSSL gives it. */
static inline struct skd_text signed_by(void *owner, EVP_PKEY *pair, struct skd_text bytes)
{
	size_t size = 1024;
	unsigned char *signature = talloc_size(owner, size);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	const EVP_MD *hash = EVP_PKEY_get_base_id(pair) == EVP_PKEY_ED25519 ? NULL : EVP_sha256();
	assert_int_equal(EVP_DigestSignInit(context, NULL, hash, NULL, pair), 1);
	assert_int_equal(EVP_DigestSign(context, signature, &size, (const unsigned char *)bytes.bytes, bytes.size), 1);
	EVP_MD_CTX_free(context);
	return (struct skd_text){(char *)signature, size};
}

#endif
