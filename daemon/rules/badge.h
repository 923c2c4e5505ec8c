/* SPDX-License-Identifier: Apache-2.0
 * Badges: which forms there are, who may see them, and making one: drafted by a plugin, sealed by skillsd-sign, kept. */
#ifndef RULES_BADGE_H
#define RULES_BADGE_H

#include "rules/house.h"
#include "store/badge.h"

/* A form and the plugin that makes it. */
struct badge_kind {
	const struct instance *instance;
	const struct skd_form *form; /* NULL: there is none */
	const char *language; /* what is wanted of what is said in several, as Accept-Language has it; NULL: its own. Of what is
			       * kept, its own always */
};
/* By ?format=; of a page the one on A4, from which badge_kind_paper() leads to the other. */
struct badge_kind badge_kind_named(const struct house *house, enum skd_about about, const char *name, size_t size);
/* The same on that paper, where there is one. */
struct badge_kind badge_kind_paper(const struct house *house, struct badge_kind kind, enum skd_paper paper);
/* One after another, beginning with a kind of zeros; the form is NULL at the end. */
struct badge_kind badge_kind_next(const struct house *house, struct badge_kind kind);
/* Has the plugin write it. The award says where it is published. */
enum skd_outcome badge_draft(struct skd_call *call, struct badge_kind kind, const struct skd_award *award,
			     struct text *draft) WARN_UNUSED;

struct badge {
	const uint8_t *bytes;
	size_t size;
	const char *type; /* its media type */
	const char *person_id; /* whose it is; NULL of an achievement or an issuer */
	bool gone;        /* it says why there is no such form any more */
};
/* What never changes of the credential's badges; nothing where that is there already. */
enum skd_outcome badge_begin(struct skd_call *call, const char *credential_id) WARN_UNUSED;
/* In the transaction that issues, after badge_begin(): the forms that carry a proof, and the credential as it is now. An
 * issuer without a key has no badges yet; BUSY when skillsd-sign does not answer. */
enum skd_outcome badge_issue(struct skd_call *call, const char *credential_id, struct store_credential *credential) WARN_UNUSED;
struct store_bulk; /* store/bulk.h */
struct badge_lot;
/* The same for many, in two steps: what never changes, with all that is to be read of them; and the forms, for which
 * the database is not asked until they are signed, so that it may be busy with something else. */
enum skd_outcome badge_begin_many(struct skd_call *call, size_t count, const struct store_bulk *bulk,
				  struct badge_lot **lots) WARN_UNUSED;
enum skd_outcome badge_seal_many(struct skd_call *call, const struct badge_lot *lots) WARN_UNUSED;
/* In a transaction, which it may write in. ABSENT too for who may not see it. With no actor only what is public. */
enum skd_outcome badge_get(struct skd_call *call, const char *credential_id, struct badge_kind kind,
			   struct badge *badge) WARN_UNUSED;

/* What it is about, with the addresses that it is published under, for those who may see it. ABSENT. */
enum skd_outcome badge_facts(struct skd_call *call, const char *credential_id, struct store_badge *facts) WARN_UNUSED;

/* What is published of an achievement (number NULL: its newest version) and of an issuer; `key_id` NULL, or the one key
 * that the form shall tell of; `about` NULL, or the one credential of which it shall tell whether it is revoked. ABSENT. */
enum skd_outcome badge_achievement(struct skd_call *call, const char *id, const char *number, struct badge_kind kind,
				   struct badge *document) WARN_UNUSED;
enum skd_outcome badge_issuer(struct skd_call *call, const char *id, const char *key_id, const char *about,
			      struct badge_kind kind, struct badge *document) WARN_UNUSED;

#endif
