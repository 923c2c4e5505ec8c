/* SPDX-License-Identifier: Apache-2.0
 * Claims: everyone makes their own, nobody else's; others see them once they are shared. */
#ifndef RULES_CLAIM_H
#define RULES_CLAIM_H

#include "store/claim.h"

enum skd_outcome claim_get(struct skd_call *call, const char *id, struct store_claim *claim) WARN_UNUSED;
struct claim_filter {
	const char *person; /* id or username */
	const char *skill;  /* id, code or exact label */
	bool only_shared, only_unshared;
};
/* BAD_INPUT for a skill that does not exist, or a person who does not or whom the actor does not see. */
enum skd_outcome claim_list(struct skd_call *call, const struct claim_filter *filter, struct list *list,
			    struct store_claim **claims, size_t *count) WARN_UNUSED;

/* Both end with `claim` as it now is. `skill` is an id, code or exact label. DENIED for an actor who is no
 * person; BAD_INPUT for a level its scale does not have; CLASH for a skill the person has claimed. */
enum skd_outcome claim_add(struct skd_call *call, const char *skill, struct store_claim *claim) WARN_UNUSED;
/* id, version (the one that was read), level, note, shared and colleagues as they shall be. DENIED for another's. */
enum skd_outcome claim_set(struct skd_call *call, struct store_claim *claim) WARN_UNUSED;
enum skd_outcome claim_drop(struct skd_call *call, const char *id, long version) WARN_UNUSED;

#endif
