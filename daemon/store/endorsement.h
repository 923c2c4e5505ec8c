/* SPDX-License-Identifier: Apache-2.0
 * Endorsements as rows, with the documents as they were signed. */
#ifndef STORE_ENDORSEMENT_H
#define STORE_ENDORSEMENT_H

#include "store/list.h"

#include <skillsd/plugin.h>

struct store_endorsement {
	const char *id;
	const char *achievement_id, *achievement; /* what is endorsed: a version of an achievement, */
	long number;
	const char *endorsed_id, *endorsed; /* or an issuer */
	const char *owner_id;               /* the issuer that is endorsed, or whose achievement is */
	const char *issuer_id, *issuer;     /* who endorses, where that is one of ours */
	const char *signer, *signer_name, *document;
	bool trusted;
	const char *comment, *form; /* json, jwt */
	const char *state, *reason; /* active, expired, withdrawn */
	int64_t valid_from, valid_until, created_at, withdrawn_at;
	long version;
};

/* A new one with all but its state. CLASH: that document is here, or that issuer endorses it already. */
enum skd_outcome store_endorsement_add(struct skd_call *call, const struct store_endorsement *e, struct skd_text bytes) WARN_UNUSED;
/* ABSENT. */
enum skd_outcome store_endorsement_get(struct skd_call *call, const char *id, struct store_endorsement *e) WARN_UNUSED;
struct store_endorsement_filter {
	const char *achievement, *endorsed, *issuer, *state;
};
enum skd_outcome store_endorsement_list(struct skd_call *call, const struct store_endorsement_filter *filter, struct list *list,
					struct store_endorsement **endorsements, size_t *count) WARN_UNUSED;
/* CLASH unless it was not withdrawn before. */
enum skd_outcome store_endorsement_withdraw(struct skd_call *call, const char *id, const char *reason) WARN_UNUSED;

/* The document and its form; GONE when it was withdrawn. ABSENT. */
enum skd_outcome store_endorsement_document(struct skd_call *call, const char *id, const char **form,
					    struct skd_text *bytes) WARN_UNUSED;
/* Those that are good now, of that version of the achievement, or with NULL of the issuer; oldest first, no more than `most`. */
enum skd_outcome store_endorsement_published(struct skd_call *call, const char *achievement_id, int64_t number,
					     const char *issuer_id, int most, const struct skd_endorsement **endorsements,
					     size_t *count) WARN_UNUSED;

/* A place in the issuer's list of what is revoked; `index` is a decimal number. */
enum skd_outcome store_endorsement_place(struct skd_call *call, const char *issuer_id, const char *id, const char **list,
					 const char **index) WARN_UNUSED;

#endif
