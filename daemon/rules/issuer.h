/* SPDX-License-Identifier: Apache-2.0
 * Who issues, who may for whom, and the documents by which others find the keys of it: did:web, JWK sets. */
#ifndef RULES_ISSUER_H
#define RULES_ISSUER_H

#include "base/json.h"
#include "draw/draw.h"
#include "rules/house.h"
#include "store/issuer.h"

/* "did:web:HOST", or of an issuer within "did:web:HOST:issuers:ID". */
const char *issuer_did(struct skd_call *call, const char *issuer_id, const char *issuer_key);

/* The DID document (W3C DID 1.0, did:web) of the issuer, or with NULL of the company. All keys are in it, those that
 * sign no longer too; of one that was revoked it says since when. ABSENT. */
enum skd_outcome issuer_did_document(struct skd_call *call, const char *issuer_id, struct json *json) WARN_UNUSED;
/* What it has taken back, suspended or superseded, as Open Badges 3.0 has it (1EdTechRevocationList). ABSENT. */
enum skd_outcome issuer_revocations(struct skd_call *call, const char *issuer_id, struct json *json) WARN_UNUSED;
/* All keys of all issuers as a JWK set (RFC 7517 section 5); kid is what the DID documents call them, and created, retired
 * and revoked are times (RFC 3339). */
enum skd_outcome issuer_jwks(struct skd_call *call, struct json *json) WARN_UNUSED;

/* At the start: the company as it is configured, and all issuers' groups as the configured directories know them. */
enum skd_outcome issuer_settle(struct skd_call *call) WARN_UNUSED;
/* The company alone, as it is configured. */
enum skd_outcome issuer_company_put(struct skd_call *call) WARN_UNUSED;
/* ABSENT. */
enum skd_outcome issuer_get(struct skd_call *call, const char *id, struct store_issuer *issuer) WARN_UNUSED;
/* BAD_INPUT that names the field; NULL is fine. */
enum skd_outcome issuer_must_exist(struct skd_call *call, const char *field, const char *id) WARN_UNUSED;
enum skd_outcome issuer_list(struct skd_call *call, const char *state, struct list *list, struct store_issuer **issuers,
			     size_t *count) WARN_UNUSED;
/* Both end with `issuer` as it now is. BAD_INPUT for groups that are no DNs. */
enum skd_outcome issuer_add(struct skd_call *call, struct store_issuer *issuer) WARN_UNUSED;
/* id, version (the one that was read) and everything as it shall be. CLASH for the company, which is as configured. */
enum skd_outcome issuer_set(struct skd_call *call, struct store_issuer *issuer) WARN_UNUSED;

/* The rule. For the company whoever has the role issuer issues; for another issuer who has the role and is in one of its
 * groups, or in a group inside one. DENIED otherwise; CLASH when `fresh`, for what is new, and it is archived. */
enum skd_outcome issuer_may_issue(struct skd_call *call, const char *id, bool fresh) WARN_UNUSED;
/* Achievements of the company are written by the catalogue's writers; those of another issuer by those of them who are
 * hr or admin, or may issue for it. */
enum skd_outcome issuer_may_write(struct skd_call *call, const char *id, bool fresh) WARN_UNUSED;

/* Gives it, as it was read, an image: the company too. BAD_INPUT, with the reason, for what is not taken. */
enum skd_outcome issuer_picture_set(struct skd_call *call, enum skd_image kind, struct skd_text picture,
				    struct store_issuer *issuer) WARN_UNUSED;
/* The image that was uploaded. ABSENT. */
enum skd_outcome issuer_picture_get(struct skd_call *call, const char *id, enum skd_image kind, struct picture *picture) WARN_UNUSED;
/* Where an issuer's image is; NULL: it has none. */
const char *issuer_image_place(struct skd_call *call, const char *id, const char *image_url, const char *picture_id);

#endif
