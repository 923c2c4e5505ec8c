/* SPDX-License-Identifier: Apache-2.0
 * Drafts become documents that say who made them: picks the issuer's key, has skillsd-sign use it, puts both together. */
#ifndef RULES_SEALING_H
#define RULES_SEALING_H

#include "rules/house.h"
#include "sign/key.h"
#include "store/key.h"

/* A seal of one issuer, for any number of drafts. */
struct sealing {
	enum skd_seal seal;
	const char *key_id; /* of the key that signs: the issuer's newest that fits. NULL: none does */
	const char *method; /* what that key is called in documents */
	int64_t at; /* when, in whole seconds: what documents and rows say alike */
	const struct public_key *key;
	struct hasher *hasher;
};

/* ABSENT: the issuer has no key for that seal. */
enum skd_outcome sealing_begin(struct skd_call *call, const char *issuer_id, const char *did, enum skd_seal seal,
			       struct sealing *sealing) WARN_UNUSED;
/* Whether one with an algorithm of these makes it. */
bool sealing_can(enum skd_seal seal, const char *const *algorithms, size_t count);
/* As sealing_begin(), but for SKD_SEAL_NONE, of the issuer's keys, which have been read, newest first. */
enum skd_outcome sealing_with(struct skd_call *call, const struct store_key *keys, size_t count, const char *did,
			      enum skd_seal seal, struct sealing *sealing) WARN_UNUSED;
/* Drafts become sealed forms, all or none, with one question to skillsd-sign: BUSY when it does not answer. */
enum skd_outcome sealing_forms(struct skd_call *call, const struct sealing *sealing, size_t count, struct text *forms) WARN_UNUSED;

/* The issuer's public keys for SKD_SEAL_RS256, newest first, or that one alone: ABSENT. Not those that were revoked, since no
 * reader asks from when: GONE. */
enum skd_outcome sealing_keys(struct skd_call *call, const char *issuer_id, const char *key_id,
			      const struct skd_public_key **keys, size_t *count) WARN_UNUSED;
#endif
