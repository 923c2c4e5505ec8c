/* SPDX-License-Identifier: Apache-2.0
 * Checkpoints of the audit's chain: lines of text that are signed (Ed25519, RFC 8032) and stand for themselves, in the
 * database, a log, or on another machine. The audit's key is the one private key that this program holds. */
#ifndef SIGN_CHECKPOINT_H
#define SIGN_CHECKPOINT_H

#include "base/call.h"
#include "base/text.h"

/* "skillsd-checkpoint 1 SEQUENCE TIME HASH KEY SIGNATURE": how far the chain went then and what its last hash was; the
 * key's public half; the signature of all before the space in front of it. Bytes are base64url. Where there is no key,
 * KEY and SIGNATURE are "-". */
struct checkpoint {
	int64_t sequence;
	char at[TIME_SIZE];
	uint8_t hash[DIGEST_SIZE];
	char key[44]; /* "-": not signed */
};

/* A key is 32 random bytes as 64 hexadecimal digits. */
bool checkpoint_key_valid(const char *key);
bool checkpoint_public_valid(const char *public);
/* The public half, as lines carry it. NULL: OpenSSL does not do it. */
const char *checkpoint_public(void *owner, const char *key);

/* `key` NULL: not signed. FAULT when it cannot be signed. */
enum skd_outcome checkpoint_write(struct skd_call *call, const char *key, int64_t sequence, const uint8_t hash[DIGEST_SIZE],
				  const char *at, const char **line) WARN_UNUSED;
/* Finds one in a line, whatever a log, or a write that failed, has put before it. False: there is none, or half of one. */
bool checkpoint_read(const char *line, struct checkpoint *checkpoint);
/* Whether what checkpoint_read() found is signed by the key that it names. */
bool checkpoint_is_signed(const char *line);

#endif
