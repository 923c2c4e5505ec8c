/* SPDX-License-Identifier: Apache-2.0
 * Public halves of the keys that skillsd-sign holds, as rows. */
#ifndef STORE_KEY_H
#define STORE_KEY_H

#include "store/db.h"

struct store_key {
	const char *id, *issuer_id, *issuer_key, *issuer_name, *algorithm;
	const uint8_t *public_key; /* SubjectPublicKeyInfo */
	size_t public_size;
	int64_t created_at, retired_at, revoked_at; /* TIME_NEVER */
};
/* The keys of the issuer of a credential, once `asked` is there (db_ask()), newest first. */
enum skd_outcome store_key_ask(struct skd_call *call, const char *credential_id, struct rows **asked) WARN_UNUSED;
void store_key_read(struct skd_call *call, const struct rows *asked, struct store_key **keys, size_t *count);
enum skd_outcome store_key_add(struct skd_call *call, const struct store_key *key) WARN_UNUSED;
/* Of one issuer, or with NULL of all, newest first. */
enum skd_outcome store_key_list(struct skd_call *call, const char *issuer_id, struct store_key **keys,
				size_t *count) WARN_UNUSED;
/* It signs no longer: revoked since `revoked_at` (below 0: since now), or with 0 retired, so that what it signed stays
 * good. `last`: its issuer has no key any more that makes proofs; until the transaction ends no other one of it ends. CLASH
 * when it has ended so before; what is revoked may be so from earlier on. */
enum skd_outcome store_key_end(struct skd_call *call, const char *id, int64_t revoked_at, bool *last) WARN_UNUSED;

/* Issuers with status lists, and no key that could make a proof of them. */
struct store_keyless {
	const char *id, *name;
	bool had; /* one before */
};
enum skd_outcome store_key_lacked(struct skd_call *call, struct store_keyless **issuers, size_t *count) WARN_UNUSED;

#endif
