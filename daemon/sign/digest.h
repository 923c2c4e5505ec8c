/* SPDX-License-Identifier: Apache-2.0
 * Hashes, keyed hashes and sealed boxes: the door to OpenSSL. Private keys are not here. */
#ifndef SIGN_DIGEST_H
#define SIGN_DIGEST_H

#include "base/call.h"
#include "base/text.h"

struct digest_part {
	const void *bytes;
	size_t size;
};

/* HMAC-SHA-256 (RFC 2104) over a label and parts, each with its length in front, so that no two
 * different lists of parts give the same bytes. */
void digest_keyed(const char *key, const char *label, size_t count, const struct digest_part *parts,
		  uint8_t out[DIGEST_SIZE]);

/* SHA-256 of one thing after another. */
struct hasher;
struct hasher *hasher_new(void *owner); /* never NULL; goes with its talloc owner */
void hasher_sha256(struct hasher *hasher, const void *bytes, size_t size, uint8_t out[DIGEST_SIZE]);
/* The first 16 bytes, for telling whether values are the same. */
void hasher_digest(struct hasher *hasher, const void *bytes, size_t size, uint8_t out[16]);
/* Over a label with its NUL, and each field with its size in front: 8 bytes, big-endian, all ones for one that is
 * absent. No two different lists give the same bytes. */
void hasher_fields(struct hasher *hasher, const char *label, size_t count, const struct skd_text *fields,
		   uint8_t out[DIGEST_SIZE]);

/* AES-256-GCM under a key derived from `key` and `label`; nonce in front, tag behind. */
enum skd_outcome seal_make(struct skd_call *call, const char *key, const char *label, const void *bytes, size_t size,
			   uint8_t **sealed, size_t *sealed_size) WARN_UNUSED;
/* FAULT when it was not sealed under this key and label. The result has a NUL behind it. */
enum skd_outcome seal_open(struct skd_call *call, const char *key, const char *label, const uint8_t *sealed,
			   size_t sealed_size, char **bytes, size_t *size) WARN_UNUSED;

#endif
