/* SPDX-License-Identifier: Apache-2.0
 * Who issues, and the documents by which others find the keys of it: did:web, JWK sets. */
#ifndef RULES_ISSUER_H
#define RULES_ISSUER_H

#include "base/json.h"
#include "rules/house.h"
#include "sign/key.h"
#include "store/badge.h"

/* "did:web:HOST", or of an issuer within "did:web:HOST:issuers:ID". */
const char *issuer_did(struct skd_call *call, const char *issuer_id, const char *issuer_key);
/* FAULT for what is no key. */
enum skd_outcome issuer_key_open(struct skd_call *call, const struct store_key *key, struct public_key **open) WARN_UNUSED;
/* What a key is called in documents: "DID#z6Mk…", or for those that have no such form "DID#KEY_ID". */
const char *issuer_method(struct skd_call *call, const char *did, const struct store_key *key, const struct public_key *open);

/* The DID document (W3C DID 1.0, did:web) of the issuer, or with NULL of the company. All keys are in it, those that
 * sign no longer too; of one that was revoked it says since when. ABSENT. */
enum skd_outcome issuer_did_document(struct skd_call *call, const char *issuer_id, struct json *json) WARN_UNUSED;
/* What it has taken back, as Open Badges 3.0 has it (1EdTechRevocationList). ABSENT. */
enum skd_outcome issuer_revocations(struct skd_call *call, const char *issuer_id, struct json *json) WARN_UNUSED;
/* All keys of all issuers as a JWK set (RFC 7517 section 5); kid is what the DID documents call them. */
enum skd_outcome issuer_jwks(struct skd_call *call, struct json *json) WARN_UNUSED;

/* A new key of the issuer, or with NULL of the company, audited. BAD_INPUT for what is no public key, or no issuer. */
enum skd_outcome issuer_key_add(struct skd_call *call, const char *issuer_id, const struct store_key *key) WARN_UNUSED;
/* Ends one: revoked since a time, since now (below 0), or retired (0). Audited. CLASH when it has ended so before. */
enum skd_outcome issuer_key_end(struct skd_call *call, const char *id, int64_t revoked) WARN_UNUSED;

#endif
