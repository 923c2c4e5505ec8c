/* SPDX-License-Identifier: Apache-2.0
 * Long work, in pieces: each piece and how far it brings the job are one transaction, in the name of who asked, whose
 * rights are looked at anew each time, or of the house. Any daemon does any piece; when it looks for one is not known here. */
#ifndef RULES_JOB_H
#define RULES_JOB_H

#include "rules/house.h"
#include "store/job.h"

struct job_kind {
	const char *name;
	unsigned roles; /* of who asked: any of these, still; 0: the house does it itself, tries until it is done, and nobody cancels it */
	/* Does one piece and says how far the job is: done, and at its end state, result, errors, error. What ends it otherwise
	 * (BUSY) is tried again after a pause; DENIED and the like end the job, and why is its error. */
	enum skd_outcome (*piece)(struct skd_call *call, struct store_job *job);
	/* Tells that it has ended, however, in the transaction that ends it; of one job it may be asked more than once. */
	enum skd_outcome (*tell)(struct skd_call *call, const struct store_job *job);
};

/* In the transaction of who asks; `due_at` 0: now. */
enum skd_outcome job_add(struct skd_call *call, const char *kind, const char *object, int64_t total, int64_t due_at,
			 const char **id) WARN_UNUSED;
/* One's own, and everyone's for admin and auditor. ABSENT. */
enum skd_outcome job_get(struct skd_call *call, const char *id, struct store_job *job) WARN_UNUSED;
enum skd_outcome job_list(struct skd_call *call, const char *state, struct list *list, struct store_job **jobs,
			  size_t *count) WARN_UNUSED;
/* What is done by then stays done. CLASH when it has ended, or is the house's own; DENIED for somebody else's, but to admins. */
enum skd_outcome job_cancel(struct skd_call *call, const char *id) WARN_UNUSED;
struct store_job_sight job_sight(const struct skd_call *call);

/* One piece of the job that has waited longest; not *more when none is due. Borrows a session; the caller ends it with
 * work_end(). */
enum skd_outcome job_turn(struct skd_call *call, bool *more) WARN_UNUSED;
/* Forgets those that ended long ago, with what they were about. Borrows a session, the same way. */
enum skd_outcome job_tidy(struct skd_call *call) WARN_UNUSED;

#endif
