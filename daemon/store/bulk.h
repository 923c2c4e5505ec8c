/* SPDX-License-Identifier: Apache-2.0
 * The same rows as store/credential, store/badge and store/audit write of one credential, of many with one statement for
 * each table. */
#ifndef STORE_BULK_H
#define STORE_BULK_H

#include "store/badge.h"
#include "store/credential.h"

/* The entry of a human that a text means: an id, a username, an external id or, where it is none of these, a mail
 * address, of somebody who is here. NULLs: nobody, or, with `many`, more than one. */
struct store_meant {
	const char *entry_id, *human_id;
	bool many;
};
enum skd_outcome store_people_meant(struct skd_call *call, size_t count, const char *const *refs,
				    struct store_meant *meant) WARN_UNUSED;

/* store_human_hold() of many: entries in rising order of their ids; human_id NULL where there is none, or they left. */
enum skd_outcome store_people_hold(struct skd_call *call, size_t count, struct store_meant *meant) WARN_UNUSED;

/* Of issuing: the credential's id, and what it is. */
struct store_bulk {
	const char *id;
	struct store_award award;
	const char *issuer_id;
	const char *state; /* of one that is new: scheduled, active or expired */
};
enum skd_outcome store_bulk_add(struct skd_call *call, size_t count, const struct store_bulk *bulk,
				const char *account_id) WARN_UNUSED;
/* Then their events and what they prove. */
enum skd_outcome store_bulk_issue(struct skd_call *call, size_t count, const char *const *ids, const char *account_id,
				  const char *account) WARN_UNUSED;
/* Places in an issuer's list of one purpose. */
enum skd_outcome store_bulk_places(struct skd_call *call, const char *issuer_id, const char *purpose, size_t count,
				   const char *const *ids) WARN_UNUSED;
/* What never changes of their badges, once they have places for revocation: store_badge_add(). Of `badges` the ids and the people are known; set is what
 * came of it, and the person's name. */
enum skd_outcome store_bulk_badges(struct skd_call *call, size_t count, const char *const *salts, const char *visibility,
				   struct store_badge *badges) WARN_UNUSED;
/* What was given as evidence of each. */
enum skd_outcome store_bulk_evidence(struct skd_call *call, size_t count, const char *const *ids,
				     struct store_badge *badges) WARN_UNUSED;
/* The first form of each. */
enum skd_outcome store_bulk_forms(struct skd_call *call, size_t count, const char *const *ids, const char *format,
				  const char *key_id, int64_t sealed, const struct text *forms) WARN_UNUSED;
/* An audit entry and a change-feed row of each. */
enum skd_outcome store_bulk_audit(struct skd_call *call, const char *action, const char *noun, size_t count,
				  const char *const *ids, const char *account, const char *account_id, const char *address,
				  const char *request_id) WARN_UNUSED;

/* Whose they are, so that they cannot be erased; before their credentials are locked. */
enum skd_outcome store_bulk_hold(struct skd_call *call, size_t count, const char *const *ids) WARN_UNUSED;
/* Locks them in rising order, so that two who do this do not wait for each other. */
enum skd_outcome store_bulk_lock(struct skd_call *call, size_t count, const char *const *ids) WARN_UNUSED;

#endif
