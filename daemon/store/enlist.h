/* SPDX-License-Identifier: Apache-2.0
 * What rules say of people, as rows: of whom there is news, who is not on a pathway by the right rule, and who is to be on one.
 * Pathways with rules are held first, then people, then what they are on. */
#ifndef STORE_ENLIST_H
#define STORE_ENLIST_H

#include "store/enrolment.h"

/* News of rules becomes news of everybody whom they concern, or whom they put where they are; whether there was any. */
enum skd_outcome store_enlist_spread(struct skd_call *call, bool *found) WARN_UNUSED;
/* Takes news that nobody else takes: humans, whose entries stay as they are until the transaction ends, but for those who are being
 * written just now. `more`: there may be others. */
enum skd_outcome store_enlist_take(struct skd_call *call, const char *const **people, size_t *count, bool *more) WARN_UNUSED;

struct store_enlisted {
	const char *id, *person_id; /* of the enrolment */
	const char *event;          /* enrolled, followed, ended */
};
/* Of these people, held, those who are on a pathway by a rule that does not fit them follow another one that does, or are not on it
 * any more; nor are those who were invited and have left. */
enum skd_outcome store_enlist_part(struct skd_call *call, size_t count, const char *const *people, struct store_enlisted **turns,
				   size_t *turned) WARN_UNUSED;
/* Those whom a rule fits who are not on its pathway, and did not leave it themselves when it had put them there, are on it. */
enum skd_outcome store_enlist_add(struct skd_call *call, size_t count, const char *const *people, struct store_enlisted **turns,
				  size_t *turned) WARN_UNUSED;
enum skd_outcome store_enlist_events(struct skd_call *call, size_t count, const struct store_enlisted *turns, const char *account,
				     const char *account_id) WARN_UNUSED;

#endif
