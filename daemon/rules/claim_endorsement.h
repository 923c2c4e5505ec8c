/* SPDX-License-Identifier: Apache-2.0
 * Endorsements of claims: whoever sees somebody else's claim may say once that it is so. They are told beside what is
 * verified and count for nothing in it. */
#ifndef RULES_CLAIM_ENDORSEMENT_H
#define RULES_CLAIM_ENDORSEMENT_H

#include "store/claim_endorsement.h"

enum skd_outcome claim_endorsement_get(struct skd_call *call, const char *id,
				       struct store_claim_endorsement *endorsement) WARN_UNUSED;
/* ABSENT for a claim that is not seen. */
enum skd_outcome claim_endorsement_list(struct skd_call *call, const char *claim_id, struct list *list,
					struct store_claim_endorsement **endorsements, size_t *count) WARN_UNUSED;

/* All three end with `endorsement` as it now is, or was. level 0: the claimed one. DENIED for one's own claim, and for an actor
 * who is no person; BAD_INPUT for a level above the claimed one; CLASH for a second one. */
enum skd_outcome claim_endorsement_add(struct skd_call *call, const char *claim_id, long level, const char *note,
				       struct store_claim_endorsement *endorsement) WARN_UNUSED;
/* By who made the claim; DENIED to others. */
enum skd_outcome claim_endorsement_hide(struct skd_call *call, long version, bool hidden,
					struct store_claim_endorsement *endorsement) WARN_UNUSED;
/* By who made the endorsement; DENIED to others. */
enum skd_outcome claim_endorsement_drop(struct skd_call *call, const char *id, long version) WARN_UNUSED;

#endif
