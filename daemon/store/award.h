/* SPDX-License-Identifier: Apache-2.0
 * What enrolments owe in awards, as rows. */
#ifndef STORE_AWARD_H
#define STORE_AWARD_H

#include "store/enrolment.h"

struct store_owed {
	struct store_enrolment enrolment; /* id, person_id, entry_id, pathway_id, pathway, number, state, completed_at */
	const char *const *reached;       /* nodes whose milestone was awarded */
	size_t reached_count;
	const char *achievement_id; /* that the version awards; NULL: nothing */
	/* What completing gave before, as it is now, corrected or renewed; NULL: nothing. */
	const char *credential_id, *credential_achievement_id, *credential_state;
	int64_t credential_expires_at;
	long awarded;     /* the version that gave it */
	const char *lost; /* the policy of that */
	bool held_back;   /* it was suspended for what was lost */
	bool told;        /* that it is completed */
	bool waits;       /* something is not issued now, and is tried again */
};
/* Some enrolment that something is owed to, its entry, and since when; *id NULL: none. Nothing is locked. */
enum skd_outcome store_owed_find(struct skd_call *call, const char **id, const char **entry_id, int64_t *since) WARN_UNUSED;
/* Locks it until the transaction ends; ABSENT when nothing is owed to it any more. */
enum skd_outcome store_owed_lock(struct skd_call *call, const char *id, struct store_owed *owed) WARN_UNUSED;
/* Of one that was left: its person has begun the pathway anew since, and it is owed to that. */
enum skd_outcome store_owed_pass_on(struct skd_call *call, struct store_owed *owed, bool *passed) WARN_UNUSED;
/* Keeps credential_id, awarded, held_back, reached and told. Nothing is owed any more, or with `waits` in a day. */
enum skd_outcome store_owed_settle(struct skd_call *call, const struct store_owed *owed) WARN_UNUSED;
/* What is owed `since` then; what has been owed anew meanwhile is not put off. */
enum skd_outcome store_owed_put_off(struct skd_call *call, const char *id, int64_t since, long milliseconds) WARN_UNUSED;

#endif
