/* SPDX-License-Identifier: Apache-2.0
 * Submissions as rows, their rounds and events. Which are seen is in the SQL: one's own; of people within one's sight those
 * that are shared, and those that came to something. */
#ifndef STORE_SUBMISSION_H
#define STORE_SUBMISSION_H

#include "store/person.h"

/* SQL: of a submission `s`, whether those see it who see the person. */
#define SUBMISSION_SHOWN "(s.shared OR s.state = 'approved')"

struct store_submission {
	const char *id, *person_id, *person, *entry_id; /* person: the name */
	const char *achievement_id, *achievement;       /* the name */
	int64_t number;                                 /* of its version */
	const char *claim_id;
	const char *renews; /* the credential whose place the new one takes; NULL: none */
	const char *state;
	long round;
	const char *answers, *files; /* JSON; files: those that answers name */
	bool shared;
	int64_t submitted_at, due_at, decided_at;
	const char *credential_id;
	const char *feedback, *quizzes; /* of the last round that was handed in; quizzes is JSON */
	long rounds;                    /* that were handed in */
	int64_t created_at, updated_at;
	long version;
};
/* Whoever's it is. ABSENT. */
enum skd_outcome store_submission_find(struct skd_call *call, const char *id, struct store_submission *submission) WARN_UNUSED;
struct store_submission_filter {
	const char *person, *achievement, *state; /* ids; a word */
};
/* ABSENT when there is none, or none that is seen. */
enum skd_outcome store_submission_get(struct skd_call *call, const struct sight *sight, const char *id,
				      struct store_submission *submission) WARN_UNUSED;
enum skd_outcome store_submission_list(struct skd_call *call, const struct sight *sight,
				       const struct store_submission_filter *filter, struct list *list,
				       struct store_submission **submissions, size_t *count) WARN_UNUSED;
/* The open one of that person and achievement; NULL: there is none. */
enum skd_outcome store_submission_open(struct skd_call *call, const char *person_id, const char *achievement_id,
				       const char **id) WARN_UNUSED;

/* A draft, with person, entry, achievement, number, claim and renews; NULL: there is an open one already. */
enum skd_outcome store_submission_add(struct skd_call *call, const struct store_submission *submission, const char **id) WARN_UNUSED;
/* Holds the row until the transaction ends; its state, round and answers then. ABSENT. */
enum skd_outcome store_submission_lock(struct skd_call *call, struct store_submission *submission) WARN_UNUSED;
/* Answers and shared of the one of that id and version; STALE when there is none. */
enum skd_outcome store_submission_set(struct skd_call *call, const struct store_submission *submission) WARN_UNUSED;
/* state, round, credential_id of the one of that id and version (STALE); with `days` it is handed in now and to be
 * decided so many days from now; `decided`: it was, just now. */
enum skd_outcome store_submission_turn(struct skd_call *call, const struct store_submission *submission, long days,
				       bool decided) WARN_UNUSED;
/* With its files. STALE. */
enum skd_outcome store_submission_drop(struct skd_call *call, const char *id, long version) WARN_UNUSED;

struct store_round {
	long number;
	const char *answers, *files, *quizzes; /* JSON */
	const char *outcome, *feedback;
	int64_t submitted_at, decided_at;
};
/* Of this round, with what its answers are now. */
enum skd_outcome store_round_add(struct skd_call *call, const struct store_submission *submission, const char *quizzes) WARN_UNUSED;
enum skd_outcome store_round_close(struct skd_call *call, const struct store_submission *submission, const char *outcome,
				   const char *feedback) WARN_UNUSED;
/* First the first. */
enum skd_outcome store_round_list(struct skd_call *call, const char *submission_id, struct store_round **rounds,
				  size_t *count) WARN_UNUSED;

struct store_submission_event {
	long round;
	const char *kind, *account;
	int64_t at;
};
enum skd_outcome store_submission_event_add(struct skd_call *call, const struct store_submission *submission, const char *kind,
					    const char *account, const char *account_id) WARN_UNUSED;
enum skd_outcome store_submission_events(struct skd_call *call, const char *id, struct store_submission_event **events,
					 size_t *count) WARN_UNUSED;

/* What was answered to a prompt. */
struct store_prompt_answer {
	const char *prompt;
	const char *text, *url;
	const char *const *files; /* ids */
	size_t file_count;
	const char *const *choices; /* of each question, as JSON without spaces: [0,2] */
	size_t choice_count;
};
/* Out of answers as they are kept. */
enum skd_outcome store_answers_read(struct skd_call *call, const char *json, struct store_prompt_answer **answers, size_t *count) WARN_UNUSED;

/* Published ones that can be handed in for, and prove the skill of a claim at its level or above. */
enum skd_outcome store_claim_achievements(struct skd_call *call, const char *claim_id, const char *const **ids, size_t *count) WARN_UNUSED;

#endif
