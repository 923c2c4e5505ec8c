/* SPDX-License-Identifier: Apache-2.0
 * Checkpoints of the audit's chain: lines of text that are signed (Ed25519, RFC 8032) and stand for themselves, in the
 * database, a log, or on another machine. The key that signs them is with skillsd-sign. */
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

struct signer; /* sign/signer.h */
struct checkpoint_key {
	char id[UUID_SIZE];
	char public[44]; /* as lines carry it */
};
/* Of the line that `skillsd-sign new DIR ed25519 checkpoint` prints. False: it is none. */
bool checkpoint_key_read(const char *line, struct checkpoint_key *key);
bool checkpoint_public_valid(const char *public);

/* Has it signed by skillsd-sign; `key` NULL: not signed. BUSY or FAULT as signer_sign() has it. */
enum skd_outcome checkpoint_write(struct skd_call *call, struct signer *signer, const struct checkpoint_key *key, int64_t sequence,
				  const uint8_t hash[DIGEST_SIZE], const char *at, const char **line) WARN_UNUSED;
/* Finds one in a line, whatever a log, or a write that failed, has put before it. False: there is none, or half of one. */
bool checkpoint_read(const char *line, struct checkpoint *checkpoint);
/* Whether what checkpoint_read() found is signed by the key that it names. */
bool checkpoint_is_signed(const char *line);

#endif
