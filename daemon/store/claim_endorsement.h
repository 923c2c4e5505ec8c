/* SPDX-License-Identifier: Apache-2.0
 * What others say of somebody's claim, as rows. */
#ifndef STORE_CLAIM_ENDORSEMENT_H
#define STORE_CLAIM_ENDORSEMENT_H

#include "store/person.h"

struct store_claim_endorsement {
	const char *id, *claim_id, *claimant_id;
	const char *person_id, *person; /* who endorses: the human, and their name */
	long level;                     /* that it was given for */
	const char *note;
	bool hidden;
	const char *relation;   /* manager, above or colleague, of who made the claim, by today's chart */
	const char *standing;   /* of who endorses, in that skill, now: verified, claimed or none */
	long standing_level;    /* 0: none */
	int64_t created_at;
	long version;
};
/* ABSENT when there is none, or none that is seen: by who made it, who made the claim, and, unless it is hidden, by those who
 * see the claim. */
enum skd_outcome store_claim_endorsement_get(struct skd_call *call, const struct sight *sight, const char *id,
					     struct store_claim_endorsement *endorsement) WARN_UNUSED;
/* Of a claim that is seen. Hidden ones are for who made the claim, and for who made each. */
enum skd_outcome store_claim_endorsement_list(struct skd_call *call, const char *self, const char *claim_id, struct list *list,
					      struct store_claim_endorsement **endorsements, size_t *count) WARN_UNUSED;
/* Locks a claim against being endorsed, changed or dropped by another. ABSENT. */
enum skd_outcome store_claim_lock(struct skd_call *call, const char *claim_id) WARN_UNUSED;
/* Of a claim that is locked, by an entry of the human's. CLASH when the human, by whatever entry, has endorsed it. */
enum skd_outcome store_claim_endorsement_add(struct skd_call *call, const char *claim_id, const char *entry_id,
					     const char *human_id, long level, const char *note, const char **id) WARN_UNUSED;
/* STALE unless it still is that version. */
enum skd_outcome store_claim_endorsement_hide(struct skd_call *call, const char *id, long version, bool hidden) WARN_UNUSED;
/* With what other entries of the same human said. */
enum skd_outcome store_claim_endorsement_drop(struct skd_call *call, const char *id, long version) WARN_UNUSED;

#endif
