/* SPDX-License-Identifier: Apache-2.0
 * The keys of issuers: what they are called, and from when to when they sign. Of each the public half only. */
#ifndef RULES_KEY_H
#define RULES_KEY_H

#include "base/json.h"
#include "rules/house.h"
#include "sign/key.h"
#include "store/issuer.h"
#include "store/key.h"

/* FAULT for what is no key. */
enum skd_outcome issuer_key_open(struct skd_call *call, const struct store_key *key, struct public_key **open) WARN_UNUSED;
/* What a key is called in documents: "DID#z6Mk…", or for those that have no such form "DID#KEY_ID". */
const char *issuer_method(struct skd_call *call, const char *did, const struct store_key *key, const struct public_key *open);

/* Whether there can be such a key, before one is made: whose (issuer_id NULL: the company's). BAD_INPUT for what is no
 * algorithm or no issuer, ABSENT where there is none. */
enum skd_outcome issuer_key_fits(struct skd_call *call, const char *issuer_id, const char *algorithm,
				 struct store_issuer *issuer) WARN_UNUSED;
/* A new key of the issuer, or with NULL of the company, audited. BAD_INPUT for what is no public key, or no issuer. */
enum skd_outcome issuer_key_add(struct skd_call *call, const char *issuer_id, const struct store_key *key) WARN_UNUSED;
/* All keys, newest first; of an issuer, and active, retired or revoked, unless these are NULL. BAD_INPUT. */
enum skd_outcome issuer_key_list(struct skd_call *call, const char *issuer, const char *state, struct store_key **keys,
				 size_t *count) WARN_UNUSED;
const char *issuer_key_state(const struct store_key *key);
/* What others need of one, into an open object: its name in documents, and its public half as a JWK. */
enum skd_outcome issuer_key_put(struct skd_call *call, struct json *json, const struct store_key *key) WARN_UNUSED;
/* Ends one: revoked since a time, since now (below 0), or retired (0). Audited. CLASH when it has ended so before, but
 * that one may be revoked from an earlier time than it was, and for who would retire the issuer's last one that makes
 * proofs; `last`: that one was revoked. BAD_INPUT for a time to come. */
enum skd_outcome issuer_key_end(struct skd_call *call, const char *id, int64_t revoked, bool *last) WARN_UNUSED;

#endif
