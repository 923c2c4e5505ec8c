/* SPDX-License-Identifier: Apache-2.0
 * Jobs and their pieces. */
#include "rules/job.h"

#include "base/log.h"
#include "rules/actor.h"
#include "rules/audit.h"
#include "rules/batch.h"
#include "rules/publication.h"
#include "rules/work.h"

#include <stdio.h>
#include <string.h>

enum { PAUSE_MS = 2000, KEPT_DAYS = 90 };

static const struct job_kind *const kinds[] = {&batch_kind, &publication_kind, NULL};

enum skd_outcome job_add(struct skd_call *call, const char *kind, const char *object, int64_t total, int64_t due_at,
			 const char **id)
{
	const struct store_job job = {.kind = kind, .object = object, .account_id = call->actor->account_id,
				      .account = audit_account(call), .address = call->address, .request_id = call_id(call),
				      .total = total, .due_at = due_at};
	call->queued = true;
	return store_job_add(call, &job, id);
}

struct store_job_sight job_sight(const struct skd_call *call)
{
	return (struct store_job_sight){actor_has(call, ROLE_ADMIN | ROLE_AUDITOR), call->actor->account_id, call->actor->person_id};
}

enum skd_outcome job_get(struct skd_call *call, const char *id, struct store_job *job)
{
	struct store_job_sight sight = job_sight(call);
	return store_job_get(call, &sight, id, job);
}

enum skd_outcome job_list(struct skd_call *call, const char *state, struct list *list, struct store_job **jobs, size_t *count)
{
	struct store_job_sight sight = job_sight(call);
	return store_job_list(call, &sight, state, list, jobs, count);
}

static const struct job_kind *kind_of(const char *name)
{
	for (int i = 0; kinds[i]; i++)
		if (strcmp(kinds[i]->name, name) == 0)
			return kinds[i];
	return NULL;
}

/* The house's. */
static bool is_own(const struct job_kind *kind)
{
	return kind && !kind->roles;
}

/* As it is kept now. */
static enum skd_outcome job_tell(struct skd_call *call, const char *id)
{
	const struct store_job_sight all = {.everyone = true};
	struct store_job job;
	TRY(store_job_get(call, &all, id, &job));
	const struct job_kind *kind = kind_of(job.kind);
	return kind ? kind->tell(call, &job) : SKD_OK;
}

enum skd_outcome job_cancel(struct skd_call *call, const char *id)
{
	struct store_job job;
	struct store_job_sight sight = job_sight(call);
	TRY(store_job_get(call, &sight, id, &job));
	sight.everyone = actor_has(call, ROLE_ADMIN);
	enum skd_outcome outcome = store_job_get(call, &sight, id, &job);
	if (outcome == SKD_ABSENT) {
		call_forgive(call);
		return fail(call, SKD_DENIED, "this is somebody else's job");
	}
	TRY(outcome);
	if (is_own(kind_of(job.kind)))
		return fail(call, SKD_CLASH, "what follows of something else is not called off");
	TRY(store_job_cancel(call, id));
	TRY(job_tell(call, id));
	return audit_done(call, "job.cancel", "job", id, NULL);
}

/* ---- pieces ---- */

/* As if who asked did it by that request. */
static enum skd_outcome piece_stand_in(struct skd_call *call, const struct job_kind *kind, const struct store_job *job)
{
	call->address = job->address;
	snprintf(call->id, sizeof call->id, "%s", job->request_id);
	if (is_own(kind))
		return actor_be_rule(call);
	TRY(actor_stand_in(call, job->account_id));
	return actor_has(call, kind->roles) ? SKD_OK : fail(call, SKD_DENIED, "who asked for this may do it no longer");
}

static enum skd_outcome piece_do(struct skd_call *call, struct store_job *job)
{
	const struct job_kind *kind = kind_of(job->kind);
	if (!kind)
		return fail(call, SKD_FAULT, "there is no kind of job called %s", job->kind);
	job->state = "running";
	TRY(piece_stand_in(call, kind, job));
	TRY(kind->piece(call, job));
	TRY(store_job_put(call, job, 0));
	if (strcmp(job->state, "running") != 0)
		TRY(kind->tell(call, job));
	return work_commit(call);
}

/* What was begun is undone; the job waits, or has failed. */
static enum skd_outcome piece_give_up(struct skd_call *call, const struct store_job *job, enum skd_outcome why)
{
	const char *sentence = call->sentence, *error = NULL;
	log_line(why == SKD_FAULT ? SKD_ERROR : SKD_WARNING, "job", "%s %s: %s", job->kind, job->id, sentence);
	tx_rollback(call);
	call_forgive(call);
	if (why != SKD_BUSY && !is_own(kind_of(job->kind)))
		error = why == SKD_FAULT ? "something went wrong within; the log says what" : sentence;
	TRY(tx_begin(call));
	TRY(store_job_stop(call, job->id, error, PAUSE_MS));
	if (error)
		TRY(job_tell(call, job->id));
	return tx_commit(call);
}

enum skd_outcome job_turn(struct skd_call *call, bool *more)
{
	struct store_job job;
	*more = false;
	TRY(pool_borrow(call->house->jobs, call));
	TRY(tx_begin(call));
	TRY(store_job_take(call, &job));
	if (!job.id)
		return SKD_OK;
	*more = true;
	enum skd_outcome outcome = piece_do(call, &job);
	return outcome == SKD_OK ? SKD_OK : piece_give_up(call, &job, outcome);
}

enum skd_outcome job_tidy(struct skd_call *call)
{
	TRY(pool_borrow(call->house->jobs, call));
	return store_job_tidy(call, KEPT_DAYS);
}
