/* SPDX-License-Identifier: Apache-2.0
 * Batches: taken in whole, done in pieces. */
#include "rules/batch.h"

#include "base/json.h"
#include "rules/actor.h"
#include "rules/audit.h"
#include "rules/bulk.h"
#include "rules/detail.h"
#include "rules/outbox.h"
#include "store/bulk.h"
#include "store/rubric.h"

#include <string.h>

/* ---- in ---- */

static bool is_issue(const struct store_batch *batch)
{
	return strcmp(batch->action, "issue") == 0;
}

static bool is_replace(const struct store_batch *batch)
{
	return strcmp(batch->action, "replace") == 0;
}

enum skd_outcome batch_begin(struct skd_call *call, struct store_batch *batch, const char *at)
{
	struct store_award_terms terms;
	char *id = talloc_size(call, UUID_SIZE);
	uuid_new(id);
	batch->id = id;
	if (batch->achievement_id && !is_issue(batch))
		return fail_field(call, at, "is for what is issued");
	if (batch->achievement_id)
		TRY(credential_terms(call, batch->achievement_id, at, &terms));
	TRY(job_add(call, batch_kind.name, id, 0, batch->scheduled_at, &batch->job_id));
	TRY(store_batch_add(call, batch));
	return store_batch_rows_begin(call);
}

static const char *row_lacks(const struct store_batch *batch, const struct store_batch_row *row)
{
	bool issue = is_issue(batch);
	if (issue && !row->person)
		return "/person";
	if (issue && !row->achievement_id && !batch->achievement_id)
		return "/achievement";
	if (!row->person)
		return "/credential";
	return !issue && !row->reason && !batch->reason && strcmp(batch->action, "reinstate") != 0 ? "/reason" : NULL;
}

enum skd_outcome batch_row(struct skd_call *call, struct store_batch *batch, struct store_batch_row *row)
{
	char id[UUID_SIZE];
	const char *lacks = row->fault ? NULL : row_lacks(batch, row);
	if (batch->total == BATCH_ROWS)
		return fail_field(call, "/rows", "must be at most %d", BATCH_ROWS);
	row->number = ++batch->total;
	if (lacks) {
		row->field = lacks;
		row->fault = "is required";
	}
	if (is_issue(batch) || is_replace(batch)) {
		uuid_new(id);
		row->credential_id = id;
	}
	return store_batch_row_put(call, batch->id, row);
}

enum skd_outcome batch_end(struct skd_call *call, struct store_batch *batch, bool good, struct store_job *job)
{
	TRY(store_batch_rows_end(call, good));
	if (!good)
		return call->outcome;
	if (!batch->total)
		return fail_field(call, "/rows", "must not be empty");
	if (!is_issue(batch))
		TRY(store_batch_twice(call, batch->id));
	TRY(store_job_size(call, batch->job_id, batch->total));
	TRY(audit_done(call, "batch.add", "batch", batch->id,
		       detail_of(call, "action", batch->action, "job", batch->job_id, NULL)));
	return job_get(call, batch->job_id, job);
}

/* ---- reading ---- */

enum skd_outcome batch_get(struct skd_call *call, const char *id, struct store_batch *batch)
{
	struct store_job_sight sight = job_sight(call);
	return store_batch_get(call, &sight, id, batch);
}

enum skd_outcome batch_list(struct skd_call *call, const char *state, const char *action, struct list *list,
			    struct store_batch **batches, size_t *count)
{
	struct store_job_sight sight = job_sight(call);
	return store_batch_list(call, &sight, state, action, list, batches, count);
}

enum skd_outcome batch_rows(struct skd_call *call, const char *id, const char *state, struct list *list,
			    struct store_batch_row **rows, size_t *count)
{
	struct store_batch batch;
	struct sight sight = credential_sight(call);
	TRY(batch_get(call, id, &batch));
	return store_batch_row_list(call, &sight, id, state, list, rows, count);
}

/* ---- a piece ---- */

/* Rows of a piece. A list of what is good no longer is locked from the first that is turned to the end of the piece. */
enum { PIECE_ISSUE = 1000, PIECE_TURN = 100 };

static enum skd_outcome rows_issue(struct skd_call *call, const struct store_batch *batch, size_t count,
				   struct store_batch_row *rows, bool look)
{
	struct bulk_order *orders = talloc_zero_array(call, struct bulk_order, count + 1);
	for (size_t i = 0; i < count; i++) {
		struct skd_result *results = NULL;
		orders[i] = (struct bulk_order){
			.order = {rows[i].person, rows[i].achievement_id ? rows[i].achievement_id : batch->achievement_id,
				  rows[i].issued_at, rows[i].valid_from, rows[i].expires_at, rows[i].evidence},
			.id = rows[i].credential_id};
		if (rows[i].results)
			TRY(store_rubric_results(call, rows[i].results, &results, &orders[i].order.result_count));
		orders[i].order.results = results;
	}
	TRY(bulk_issue(call, count, orders, look));
	for (size_t i = 0; i < count; i++) {
		rows[i].field = orders[i].field;
		rows[i].fault = orders[i].fault;
	}
	return SKD_OK;
}

static enum skd_outcome row_replace(struct skd_call *call, const struct store_batch *batch, struct store_batch_row *row, bool look)
{
	static const struct skd_result none;
	struct store_credential credential;
	struct skd_result *results = NULL;
	struct credential_correction correction = {
		.reason = row->reason ? row->reason : batch->reason, .id = row->credential_id, .version = row->version,
		.valid_from = row->valid_from, .expires_at = row->expires_at, .evidence = row->evidence, .quiet = batch->quiet};
	if (row->results)
		TRY(store_rubric_results(call, row->results, &results, &correction.result_count));
	if (row->results)
		correction.results = results ? results : &none;
	enum skd_outcome outcome = look ? credential_may_replace(call, row->replaces, &correction)
					: credential_replace(call, row->replaces, &correction, &credential);
	if (outcome == SKD_OK || !bulk_fault(call, outcome, &row->field, &row->fault))
		return outcome;
	row->field = row->field ? row->field : "/credential";
	return SKD_OK;
}

static enum skd_outcome rows_replace(struct skd_call *call, const struct store_batch *batch, size_t count,
				     struct store_batch_row *rows, bool look)
{
	const char **ids = talloc_array(call, const char *, count + 1);
	for (size_t i = 0; i < count; i++)
		ids[i] = rows[i].replaces;
	TRY(store_bulk_hold(call, count, ids));
	TRY(store_bulk_lock(call, count, ids));
	for (size_t i = 0; i < count; i++)
		TRY(row_replace(call, batch, &rows[i], look));
	return SKD_OK;
}

static enum skd_outcome row_turn(struct skd_call *call, const struct store_batch *batch, enum credential_turn turn,
				 struct store_batch_row *row, bool look)
{
	struct store_credential credential;
	const char *reason = row->reason ? row->reason : batch->reason;
	enum skd_outcome outcome = look ? credential_may_turn(call, row->credential_id, turn)
					: credential_turn(call, row->credential_id, turn, reason, batch->quiet, &credential);
	if (outcome == SKD_OK || !bulk_fault(call, outcome, &row->field, &row->fault))
		return outcome;
	row->field = "/credential";
	return SKD_OK;
}

static enum skd_outcome rows_turn(struct skd_call *call, const struct store_batch *batch, size_t count,
				  struct store_batch_row *rows, bool look)
{
	enum credential_turn turn = strcmp(batch->action, "revoke") == 0    ? CREDENTIAL_REVOKE
				    : strcmp(batch->action, "suspend") == 0 ? CREDENTIAL_SUSPEND
									    : CREDENTIAL_REINSTATE;
	const char **ids = talloc_array(call, const char *, count + 1);
	for (size_t i = 0; i < count; i++)
		ids[i] = rows[i].credential_id;
	TRY(store_bulk_lock(call, count, ids));
	for (size_t i = 0; i < count; i++)
		TRY(row_turn(call, batch, turn, &rows[i], look));
	return SKD_OK;
}

/* Up to *at, which it moves on; whether each of them was good. */
static enum skd_outcome rows_do(struct skd_call *call, const struct store_batch *batch, int64_t *at, bool look, bool *good)
{
	struct store_batch_row *rows;
	size_t count;
	int64_t size = is_issue(batch) ? PIECE_ISSUE : PIECE_TURN;
	int64_t upto = *at + size < batch->total ? *at + size : batch->total;
	TRY(store_batch_rows_get(call, batch->id, *at, upto, &rows, &count));
	if (count)
		TRY(is_issue(batch)     ? rows_issue(call, batch, count, rows, look)
		    : is_replace(batch) ? rows_replace(call, batch, count, rows, look)
					: rows_turn(call, batch, count, rows, look));
	*at = upto;
	*good = true;
	for (size_t i = 0; i < count; i++)
		*good = *good && !rows[i].fault;
	return store_batch_faults(call, batch->id, count, rows);
}

static const char *batch_result(struct skd_call *call, const struct store_batch *batch, const struct store_batch_sum *sum)
{
	struct text text;
	struct json json;
	text_begin(&text, call, 128);
	json_begin(&json, &text);
	put_object(&json, NULL);
	put_string(&json, "batch_id", batch->id);
	put_int(&json, "succeeded", sum->succeeded);
	put_int(&json, "faulty", sum->faulty);
	put_object_end(&json);
	return text_end(&text);
}

/* What came of it, with the first of the faults. */
static enum skd_outcome batch_over(struct skd_call *call, const struct store_batch *batch, struct store_job *job, const char *state)
{
	struct store_batch_sum sum;
	TRY(store_batch_sum(call, batch->id, job->done, &sum));
	job->state = state;
	job->errors = sum.errors;
	job->result = batch_result(call, batch, &sum);
	return SKD_OK;
}

static const char *not_good(struct skd_call *call, int64_t done)
{
	return done ? talloc_asprintf(call, "not every row is good any longer: the first %lld were done, and no more", (long long)done)
		    : "not every row is good, and so none was done";
}

/* First each row is looked at, where all wait for each other. */
static enum skd_outcome batch_look(struct skd_call *call, struct store_batch *batch, struct store_job *job)
{
	struct store_batch_sum sum;
	bool good;
	TRY(rows_do(call, batch, &batch->checked, true, &good));
	TRY(store_batch_checked(call, batch->id, batch->checked));
	if (batch->checked < batch->total)
		return SKD_OK;
	TRY(store_batch_sum(call, batch->id, 0, &sum));
	if (!sum.faulty)
		return SKD_OK;
	job->error = not_good(call, 0);
	return batch_over(call, batch, job, "failed");
}

/* What was good when it was looked at may be so no longer; what is looked at here is locked. */
static enum skd_outcome batch_look_again(struct skd_call *call, const struct store_batch *batch, struct store_job *job)
{
	int64_t upto = job->done;
	bool good;
	TRY(rows_do(call, batch, &upto, true, &good));
	if (good)
		return SKD_OK;
	job->error = not_good(call, job->done);
	return batch_over(call, batch, job, "failed");
}

static enum skd_outcome batch_piece(struct skd_call *call, struct store_job *job)
{
	const struct store_job_sight all = {.everyone = true};
	struct store_batch batch;
	struct store_award_terms terms;
	bool good;
	TRY(store_batch_get(call, &all, job->object, &batch));
	if (batch.achievement_id)
		TRY(credential_terms(call, batch.achievement_id, "/achievement", &terms));
	if (batch.all_or_none && batch.checked < batch.total)
		return batch_look(call, &batch, job);
	if (batch.all_or_none)
		TRY(batch_look_again(call, &batch, job));
	if (strcmp(job->state, "running") != 0)
		return SKD_OK;
	int64_t before = job->done;
	TRY(rows_do(call, &batch, &job->done, false, &good));
	if (batch.all_or_none && !good)
		return fail(call, SKD_CLASH, "%s", not_good(call, before));
	return job->done < batch.total ? SKD_OK : batch_over(call, &batch, job, "done");
}

static enum skd_outcome batch_tell(struct skd_call *call, const struct store_job *job)
{
	struct store_batch_sum sum;
	struct text text;
	struct json json;
	TRY(store_batch_sum(call, job->object, job->done, &sum));
	text_begin(&text, call, 128);
	json_begin(&json, &text);
	put_object(&json, NULL);
	put_string(&json, "job_id", job->id);
	put_int(&json, "total", job->total);
	put_int(&json, "succeeded", sum.succeeded);
	put_int(&json, "faulty", sum.faulty);
	put_object_end(&json);
	const struct store_notice notice = {
		.kind = talloc_asprintf(call, "batch.%s", job->state), .noun = "batch", .object = job->object,
		.key = talloc_asprintf(call, "batch.ended %s", job->object), .detail = text_end(&text)};
	return outbox_add(call, &notice);
}

const struct job_kind batch_kind = {"batch", ROLE_ISSUER, batch_piece, batch_tell};
