/* SPDX-License-Identifier: Apache-2.0
 * Jobs as rows: work in pieces, and how far it is. */
#ifndef STORE_JOB_H
#define STORE_JOB_H

#include "store/list.h"

struct store_job {
	const char *id, *kind, *object; /* object: what the kind works on */
	const char *account_id, *account; /* account: "authenticator:name", or "erased" */
	const char *address, *request_id; /* of the request that asked for it */
	const char *state, *error; /* queued, running, done, failed or cancelled; why it failed, or NULL */
	int64_t done, total;
	const char *result, *errors; /* JSON, or NULL */
	int64_t due_at, created_at, started_at, finished_at; /* TIME_NEVER: not yet */
};

/* Whose jobs: everyone's, or those of an account and of all accounts of a human (NULL: none). */
struct store_job_sight {
	bool everyone;
	const char *account_id, *person_id;
};

/* kind, object, account_id, account, address, request_id, total, due_at (0: now). */
enum skd_outcome store_job_add(struct skd_call *call, const struct store_job *job, const char **id) WARN_UNUSED;
enum skd_outcome store_job_size(struct skd_call *call, const char *id, int64_t total) WARN_UNUSED;
/* ABSENT for one that is not seen. */
enum skd_outcome store_job_get(struct skd_call *call, const struct store_job_sight *sight, const char *id,
			       struct store_job *job) WARN_UNUSED;
enum skd_outcome store_job_list(struct skd_call *call, const struct store_job_sight *sight, const char *state,
				struct list *list, struct store_job **jobs, size_t *count) WARN_UNUSED;

/* The one that has waited longest of those that are due and nobody works on, locked until the transaction ends; its id
 * is NULL when there is none. */
enum skd_outcome store_job_take(struct skd_call *call, struct store_job *job) WARN_UNUSED;
/* Writes state, done, total, error, result and errors as they are now; the next piece is due in `pause_ms`. One that has
 * ended stays as it is. */
enum skd_outcome store_job_put(struct skd_call *call, const struct store_job *job, long pause_ms) WARN_UNUSED;
/* It waits so long, or with an error has failed; nothing where it has ended. */
enum skd_outcome store_job_stop(struct skd_call *call, const char *id, const char *error, long pause_ms) WARN_UNUSED;
/* Once the piece under way is done. CLASH when it has ended. */
enum skd_outcome store_job_cancel(struct skd_call *call, const char *id) WARN_UNUSED;
/* Deletes those that ended so many days ago. */
enum skd_outcome store_job_tidy(struct skd_call *call, int days) WARN_UNUSED;

#endif
