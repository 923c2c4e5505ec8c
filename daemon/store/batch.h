/* SPDX-License-Identifier: Apache-2.0
 * Batches as rows: what is to be done to many, and to which. A row is done when its job has come so far, unless it is at
 * fault. */
#ifndef STORE_BATCH_H
#define STORE_BATCH_H

#include "store/job.h"
#include "store/person.h"

struct store_batch {
	const char *id, *job_id;
	const char *action; /* issue, replace, revoke, suspend, reinstate */
	const char *achievement_id, *achievement; /* of rows without one of their own, and its name; or NULL */
	bool all_or_none;
	int64_t checked;
	const char *reason;
	bool quiet;
	int64_t scheduled_at; /* 0: as soon as may be */
	const char *state, *account; /* of the job, as all that follows */
	int64_t done, total, faulty, created_at, finished_at;
};
/* All up to scheduled_at but ids and names; job_id too. */
enum skd_outcome store_batch_add(struct skd_call *call, const struct store_batch *batch) WARN_UNUSED;
/* ABSENT. */
enum skd_outcome store_batch_get(struct skd_call *call, const struct store_job_sight *sight, const char *id,
				 struct store_batch *batch) WARN_UNUSED;
enum skd_outcome store_batch_list(struct skd_call *call, const struct store_job_sight *sight, const char *state,
				  const char *action, struct list *list, struct store_batch **batches,
				  size_t *count) WARN_UNUSED;

struct store_batch_row {
	int64_t number; /* from 1 */
	const char *credential_id; /* issue and replace: what it will be */
	const char *replaces;      /* replace alone: which one is meant */
	const char *person;        /* as it was written; of what is turned or replaced the credential */
	const char *achievement_id;
	int64_t version; /* of the achievement; 0: not said */
	int64_t issued_at, valid_from, expires_at; /* TIME_UNSET: not said; TIME_NEVER: null */
	const char *evidence, *results, *reason; /* results: a JSON array as rules/rubric has them, unresolved, or NULL */
	const char *field, *fault; /* why it is not done; field: a pointer into the row, or NULL */
	/* read alone: */
	const char *state; /* waiting, done, faulty, dropped */
	const char *person_id, *person_name;
};
/* Between the two nothing else is asked of the session. */
enum skd_outcome store_batch_rows_begin(struct skd_call *call) WARN_UNUSED;
enum skd_outcome store_batch_row_put(struct skd_call *call, const char *batch_id, const struct store_batch_row *row) WARN_UNUSED;
enum skd_outcome store_batch_rows_end(struct skd_call *call, bool good) WARN_UNUSED;
/* Rows that mean a credential that one before them means are at fault. */
enum skd_outcome store_batch_twice(struct skd_call *call, const char *batch_id) WARN_UNUSED;

/* With the person, where the credential is one that is seen. */
enum skd_outcome store_batch_row_list(struct skd_call *call, const struct sight *sight, const char *batch_id, const char *state,
				      struct list *list, struct store_batch_row **rows, size_t *count) WARN_UNUSED;
/* The rows behind `after`, up to `upto`, that are not at fault. */
enum skd_outcome store_batch_rows_get(struct skd_call *call, const char *batch_id, int64_t after, int64_t upto,
				      struct store_batch_row **rows, size_t *count) WARN_UNUSED;
/* Writes what is wrong with those rows that something is wrong with. */
enum skd_outcome store_batch_faults(struct skd_call *call, const char *batch_id, size_t count,
				    const struct store_batch_row *rows) WARN_UNUSED;
enum skd_outcome store_batch_checked(struct skd_call *call, const char *batch_id, int64_t checked) WARN_UNUSED;
/* How many of the first `done` went well, how many of all are at fault, and the first of those as a JSON array for the errors
 * of a job; NULL: none is. */
struct store_batch_sum {
	int64_t succeeded, faulty;
	const char *errors;
};
enum skd_outcome store_batch_sum(struct skd_call *call, const char *batch_id, int64_t done, struct store_batch_sum *sum) WARN_UNUSED;

#endif
