/* SPDX-License-Identifier: Apache-2.0
 * Reviews: assessors judge what was handed in. Each place of a round is one assessor's, who claims it for a time, scores
 * each criterion of the rubric and says approve, return or decline; what they come to is in rules/verdict.h. Nobody judges
 * their own, nor alone what their own manager or direct report handed in. */
#ifndef RULES_REVIEW_H
#define RULES_REVIEW_H

#include "store/review.h"

/* One that is the actor's comes with `sheet`; of others it is empty, but for `past` where the actor sees everyone. */
enum skd_outcome review_get(struct skd_call *call, const char *id, struct store_review *review, struct store_review_sheet *sheet) WARN_UNUSED;
/* BAD_INPUT for an achievement that does not exist. */
enum skd_outcome review_list(struct skd_call *call, const struct store_review_filter *filter, struct list *list,
			     struct store_review **reviews, size_t *count) WARN_UNUSED;
/* What was said of a submission, of each criterion: to who handed it in once it is decided, to its assessors once they have
 * said theirs, to those whose the achievement is, to hr and admins. DENIED for others who see the submission; ABSENT. */
enum skd_outcome review_told(struct skd_call *call, const char *submission_id, struct store_told **told, size_t *count) WARN_UNUSED;

/* ---- steps; they end with the review as it now is ---- */
/* The actor has it, for [assessment] lease. Who has it already has it longer. DENIED for who may not judge it, CLASH for one
 * that is another's, or was decided. */
enum skd_outcome review_claim(struct skd_call *call, const char *id, struct store_review *review) WARN_UNUSED;
/* One that the actor has claimed. DENIED for another's, CLASH for one that they have not claimed, or have no more. */
enum skd_outcome review_own(struct skd_call *call, const char *id, struct store_review *review) WARN_UNUSED;
/* These: id and version, the one that was read. As above, and STALE. */
enum skd_outcome review_release(struct skd_call *call, const struct store_review *review) WARN_UNUSED;
/* A merge patch: what is not given stays, given and NULL is taken out. */
struct score_text {
	bool given;
	const char *text;
};
struct score_change {
	const char *criterion;
	bool drop; /* all of it */
	struct score_text level, comment; /* level: an id */
};
/* BAD_INPUT for a criterion or level that is none of the rubric's. The lease begins anew. */
enum skd_outcome review_save(struct skd_call *call, const struct score_change *changes, size_t count, struct score_text comment,
			     struct store_review *review) WARN_UNUSED;
/* approve, return or decline, with a comment that takes the place of the one that was saved, or NULL. BAD_INPUT naming each
 * criterion that is not scored, for approving below the minimum, and without a comment for the others. The last one
 * of a round settles it: a third is called, or the submission decided in the same transaction. */
enum skd_outcome review_decide(struct skd_call *call, const char *verdict, const char *comment, struct store_review *review) WARN_UNUSED;

/* ---- for submissions, in their transactions ---- */
/* The places of its round, offered to assessors: it was handed in. */
enum skd_outcome review_open(struct skd_call *call, const char *submission_id) WARN_UNUSED;
/* It was withdrawn: what is not done is closed. */
enum skd_outcome review_close(struct skd_call *call, const char *submission_id) WARN_UNUSED;

#endif
