/* SPDX-License-Identifier: Apache-2.0
 * Reviews as rows: a place of a round, whose turn it is or was, and what they said. Which are seen, and what of them, is in
 * the SQL: by whoever has them or is offered them, by who may take them since nobody else is, by those who issue for whose the
 * achievement is, and by those who see everyone. */
#ifndef STORE_REVIEW_H
#define STORE_REVIEW_H

#include "store/person.h"

struct store_review {
	const char *id, *submission_id;
	const char *achievement_id, *achievement; /* achievement: the name */
	int64_t number;                           /* of its version */
	bool renews;                              /* what it is of renews a credential */
	long round, place;
	const char *state;
	const char *offered_to_id, *offered_to, *assessor_id, *assessor; /* ids and names, or NULL */
	const char *person_id, *person;           /* of whom it is; NULL where that is hidden */
	int64_t submitted_at, due_at, lease_until, claimed_at, done_at, created_at;
	bool overdue;
	bool mine; /* who looks has it, or is offered it */
	bool told; /* who looks may know what was said, as far as anything was */
	long points; /* hundredths, or -1 */
	const char *verdict, *comment, *scores; /* scores: JSON */
	long version;
};
/* ABSENT when there is none, or none that is seen. */
enum skd_outcome store_review_get(struct skd_call *call, const struct sight *sight, const char *id, struct store_review *review) WARN_UNUSED;
struct store_review_filter {
	const char *state, *achievement;     /* a word; an id */
	const bool *mine, *overdue;          /* NULL: either */
};
enum skd_outcome store_review_list(struct skd_call *call, const struct sight *sight, const struct store_review_filter *filter,
				   struct list *list, struct store_review **reviews, size_t *count) WARN_UNUSED;

/* What it is judged by, as JSON: what was asked and answered, the rubric, what others said once it is done, and who had
 * it before, for those who see everyone. */
struct store_review_sheet {
	const char *prompts, *answers, *files, *quizzes, *rubric, *others, *past;
	long minimum; /* hundredths, or -1 */
};
enum skd_outcome store_review_sheet(struct skd_call *call, const char *id, struct store_review_sheet *sheet) WARN_UNUSED;

/* ---- in transactions that hold the submission ---- */
/* Holds the row until the transaction ends; state, whose it is, scores, comment and version then. ABSENT. */
enum skd_outcome store_review_lock(struct skd_call *call, struct store_review *review) WARN_UNUSED;
/* `count` more places of the submission's round, open; their ids. */
enum skd_outcome store_review_add(struct skd_call *call, const char *submission_id, long count, const char *const **ids,
				  size_t *added) WARN_UNUSED;
/* Whether somebody may have it, and whether they had it once, or were offered it. */
struct store_able {
	bool able, had;
};
enum skd_outcome store_review_able(struct skd_call *call, const char *id, const char *person_id, struct store_able *able) WARN_UNUSED;
/* They have it, with what they had scored in it before. */
enum skd_outcome store_review_claim(struct skd_call *call, const char *id, const char *person_id, const char *entry_id, long lease_ms) WARN_UNUSED;
/* Scores and comment of the one of that id, version and assessor, while they have it (STALE); the lease begins anew. */
enum skd_outcome store_review_save(struct skd_call *call, const struct store_review *review, long lease_ms) WARN_UNUSED;
/* verdict, points and comment: it is done. */
enum skd_outcome store_review_done(struct skd_call *call, const struct store_review *review) WARN_UNUSED;
/* Nobody has it any more, nor is offered it; who was keeps what they had scored, out of sight. */
enum skd_outcome store_review_free(struct skd_call *call, const char *id, const char *why) WARN_UNUSED;
/* All of the submission that are not done, for ever. */
enum skd_outcome store_review_close(struct skd_call *call, const char *submission_id, const char *why) WARN_UNUSED;

/* ---- as they are told ---- */
/* What somebody is to a submission: it is theirs; they see everyone, or issue for whose the achievement is; they have, had or
 * are offered a place of it. */
struct store_reader {
	const char *person_id; /* whose it is */
	bool own, owner, assessor;
};
/* ABSENT. */
enum skd_outcome store_reader_find(struct skd_call *call, const struct sight *sight, const char *submission_id,
				   struct store_reader *reader) WARN_UNUSED;
/* A review that is done. */
struct store_told {
	const char *id, *assessor_id, *assessor; /* NULL where they are not named */
	long round, place, points; /* hundredths */
	const char *verdict, *comment, *scores; /* scores: JSON, with the names of criteria and levels */
	int64_t done_at;
};
/* Those that `self`, who is such a reader, is told: the submitter once the round is decided, others once they have none to do in it. */
enum skd_outcome store_told_list(struct skd_call *call, const char *self, const struct store_reader *reader, const char *submission_id,
				 struct store_told **told, size_t *count) WARN_UNUSED;

/* A review of the submission's round. */
struct store_said {
	const char *state, *verdict, *scores, *comment; /* scores: JSON */
};
/* First the first place. */
enum skd_outcome store_review_said(struct skd_call *call, const char *submission_id, struct store_said **said, size_t *count) WARN_UNUSED;

/* What was said of a criterion. */
struct store_score {
	const char *criterion, *level, *comment; /* ids; level and comment may be NULL */
};
/* Out of scores as they are kept. */
enum skd_outcome store_scores_read(struct skd_call *call, const char *json, struct store_score **scores, size_t *count) WARN_UNUSED;

#endif
