/* SPDX-License-Identifier: Apache-2.0
 * Whose turn a review is: the eligible with the least to do, and what has lain too long. */
#ifndef STORE_OFFER_H
#define STORE_OFFER_H

#include "store/db.h"

/* One transaction at a time hands out turns, so that each sees what the others gave; it is the last that it waits for. */
enum skd_outcome store_offer_begin(struct skd_call *call) WARN_UNUSED;
/* Of those who may have the review and have not had it before, the one who has or is offered the fewest; of several who was
 * given one least lately. NULL: nobody. `any`: whether there is anybody at all who may have it. */
enum skd_outcome store_offer_next(struct skd_call *call, const char *review_id, const char **person_id, bool *any) WARN_UNUSED;
enum skd_outcome store_offer_make(struct skd_call *call, const char *review_id, const char *person_id, long lease_ms) WARN_UNUSED;

struct store_turn {
	const char *review_id, *submission_id;
	const char *person_id; /* who has it, or is offered it; NULL: nobody */
	const char *why;       /* late, not_eligible; NULL: it could be offered to somebody now */
};
/* At most `most` reviews that have to change hands now; or this one, if it has to. */
enum skd_outcome store_offer_due(struct skd_call *call, const char *review_id, long most, struct store_turn **turns, size_t *count) WARN_UNUSED;

struct store_reminder {
	const char *review_id, *person_id, *stage; /* person_id as above; stage: half_time, due_soon, overdue */
	int64_t due_at;
};
/* Those that are to be said now, and are not said again; at most 500. */
enum skd_outcome store_offer_remind(struct skd_call *call, struct store_reminder **reminders, size_t *count) WARN_UNUSED;

/* The groups of a version's assessment, by the names that the directories know them by. */
enum skd_outcome store_assessor_groups_put(struct skd_call *call, const char *achievement_id, int64_t number, size_t count,
					   const char *const *sources, const char *const *keys) WARN_UNUSED;
struct store_assessed {
	const char *achievement_id;
	int64_t number;
};
/* Versions of which something waits to be judged. */
enum skd_outcome store_assessed_list(struct skd_call *call, struct store_assessed **versions, size_t *count) WARN_UNUSED;

#endif
