/* SPDX-License-Identifier: Apache-2.0
 * Claims as rows: what people say of themselves. Which of them are seen is in the SQL: one's own, and
 * shared ones of people within one's sight, or that are for all colleagues. */
#ifndef STORE_CLAIM_H
#define STORE_CLAIM_H

#include "store/person.h"

struct store_claim {
	const char *id, *person_id, *entry_id, *person, *skill_id, *skill; /* person, skill: name and label */
	long level;
	const char *note;
	bool shared, colleagues; /* colleagues: and everybody who is signed in sees it, once it is shared */
	long endorsements, endorsements_at_level; /* that are not hidden; of them, for the level or a higher one */
	int64_t created_at, updated_at;
	long version;
};
struct store_claim_filter {
	const char *person; /* id */
	const char *const *skills; /* one of these; NULL: any */
	size_t skill_count;
	bool only_shared, only_unshared;
};
/* ABSENT when there is none, or none that is seen. */
enum skd_outcome store_claim_get(struct skd_call *call, const struct sight *sight, const char *id,
				 struct store_claim *claim) WARN_UNUSED;
enum skd_outcome store_claim_list(struct skd_call *call, const struct sight *sight,
				  const struct store_claim_filter *filter, struct list *list,
				  struct store_claim **claims, size_t *count) WARN_UNUSED;
/* By an entry of the person's. CLASH when they have claimed that skill already. */
enum skd_outcome store_claim_add(struct skd_call *call, const struct store_claim *claim, const char **id) WARN_UNUSED;
/* Writes level, note, shared and colleagues over the row of that id and version; STALE when there is none. */
enum skd_outcome store_claim_set(struct skd_call *call, const struct store_claim *claim) WARN_UNUSED;
/* With what other entries of the same human said of the skill. */
enum skd_outcome store_claim_drop(struct skd_call *call, const char *id, long version) WARN_UNUSED; /* STALE */

#endif
