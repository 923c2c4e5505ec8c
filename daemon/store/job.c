/* SPDX-License-Identifier: Apache-2.0
 * Jobs. */
#include "store/job.h"

static const char JOB_ADD[] =
	"INSERT INTO job (kind, object, account_id, who, request_id, total, due_at)"
	" VALUES ($1, $2::uuid, $3::uuid, who_is($4, $3::uuid, $5), $6::uuid, $7::int, coalesce($8::timestamptz, now())) RETURNING id";

enum skd_outcome store_job_add(struct skd_call *call, const struct store_job *job, const char **id)
{
	struct rows *rows;
	TRY(db_query(call, JOB_ADD,
		     ARGS(job->kind, job->object, job->account_id, job->account, job->address, job->request_id,
			  arg_int(call, job->total), job->due_at ? arg_time(call, job->due_at) : NULL),
		     &rows));
	*id = row_uuid(rows, 0, 0);
	return SKD_OK;
}

static const char JOB_SIZE[] = "UPDATE job SET total = $2::int WHERE id = $1::uuid";

enum skd_outcome store_job_size(struct skd_call *call, const char *id, int64_t total)
{
	return db_run(call, JOB_SIZE, ARGS(id, arg_int(call, total)), NULL);
}

#define JOB_COLUMNS                                                                                                    \
	"j.id, j.kind, j.object, j.account_id, coalesce(w.account, 'erased'), w.address, j.request_id, j.state, j.error, j.done," \
	" j.total, j.result, j.errors, j.due_at, j.created_at, j.started_at, j.finished_at"
#define JOB_SEEN                                                                                                       \
	"FROM job j JOIN who w ON w.id = j.who WHERE ($1::bool OR j.account_id = $2::uuid OR j.account_id IN"             \
	" (SELECT a.id FROM account a JOIN person p ON p.id = a.person_id WHERE p.id = $3::uuid OR p.human = $3::uuid))"

static void job_read(const struct rows *rows, int i, struct store_job *job)
{
	*job = (struct store_job){
		.id = row_uuid(rows, i, 0), .kind = row_text(rows, i, 1), .object = row_uuid(rows, i, 2),
		.account_id = row_uuid(rows, i, 3), .account = row_text(rows, i, 4), .address = row_text(rows, i, 5),
		.request_id = row_uuid(rows, i, 6), .state = row_text(rows, i, 7), .error = row_text(rows, i, 8),
		.done = row_int(rows, i, 9), .total = row_int(rows, i, 10), .result = row_json(rows, i, 11),
		.errors = row_json(rows, i, 12), .due_at = row_time(rows, i, 13), .created_at = row_time(rows, i, 14),
		.started_at = row_time(rows, i, 15), .finished_at = row_time(rows, i, 16)};
}

static const char JOB_GET[] = "SELECT " JOB_COLUMNS " " JOB_SEEN " AND j.id = $4::uuid";

enum skd_outcome store_job_get(struct skd_call *call, const struct store_job_sight *sight, const char *id,
			       struct store_job *job)
{
	struct rows *rows;
	TRY(db_query(call, JOB_GET, ARGS(arg_bool(sight->everyone), sight->account_id, sight->person_id, id), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "there is no such job");
	job_read(rows, 0, job);
	return SKD_OK;
}

enum skd_outcome store_job_list(struct skd_call *call, const struct store_job_sight *sight, const char *state,
				struct list *list, struct store_job **jobs, size_t *count)
{
	static const struct list_order orders[] = {{"created_at", "j.created_at", "timestamptz"}, {NULL, NULL, NULL}};
	struct rows *rows;
	TRY(list_query(call, list, orders, JOB_COLUMNS, JOB_SEEN " AND ($4::text IS NULL OR j.state = $4)", "j.id",
		       ARGS(arg_bool(sight->everyone), sight->account_id, sight->person_id, state), &rows, count));
	*jobs = talloc_zero_array(call, struct store_job, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		job_read(rows, i, &(*jobs)[i]);
	return SKD_OK;
}

static const char JOB_TAKE[] =
	"SELECT " JOB_COLUMNS " FROM job j JOIN who w ON w.id = j.who WHERE j.state IN ('queued', 'running') AND j.due_at <= now()"
	" ORDER BY j.due_at LIMIT 1 FOR UPDATE OF j SKIP LOCKED";

/* Who waits for an advisory lock gets it next, and not, as with a row's, whoever comes first: the next piece does not
 * begin before one who cancels has had their turn. */
static const char JOB_TURN[] = "SELECT pg_try_advisory_xact_lock(hashtext('job'), hashtext($1))";
static const char JOB_STAND[] = "SELECT pg_advisory_xact_lock(hashtext('job'), hashtext($1))";

enum skd_outcome store_job_take(struct skd_call *call, struct store_job *job)
{
	struct rows *rows, *turn;
	*job = (struct store_job){0};
	TRY(db_query(call, JOB_TAKE, NO_ARGS, &rows));
	if (!rows_count(rows))
		return SKD_OK;
	TRY(db_query(call, JOB_TURN, ARGS(row_uuid(rows, 0, 0)), &turn));
	if (row_bool(turn, 0, 0))
		job_read(rows, 0, job);
	return SKD_OK;
}

static const char JOB_PUT[] =
	"UPDATE job SET state = $2, done = $3::int, total = $4::int, error = $5, result = $6::jsonb, errors = $7::jsonb,"
	" due_at = clock_timestamp() + $8::bigint * interval '1 ms', started_at = coalesce(started_at, now()),"
	" finished_at = CASE WHEN $2 NOT IN ('queued', 'running') THEN clock_timestamp() END"
	" WHERE id = $1::uuid AND state IN ('queued', 'running')";

enum skd_outcome store_job_put(struct skd_call *call, const struct store_job *job, long pause_ms)
{
	return db_send(call, JOB_PUT,
		       ARGS(job->id, job->state, arg_int(call, job->done), arg_int(call, job->total), job->error, job->result,
			    job->errors, arg_int(call, pause_ms)),
		       NULL);
}

static const char JOB_STOP[] =
	"UPDATE job SET state = CASE WHEN $2::text IS NULL THEN 'running' ELSE 'failed' END, error = $2,"
	" due_at = now() + $3::bigint * interval '1 ms', started_at = coalesce(started_at, now()),"
	" finished_at = CASE WHEN $2::text IS NOT NULL THEN now() END WHERE id = $1::uuid AND state IN ('queued', 'running')";

enum skd_outcome store_job_stop(struct skd_call *call, const char *id, const char *error, long pause_ms)
{
	return db_run(call, JOB_STOP, ARGS(id, error, arg_int(call, pause_ms)), NULL);
}

static const char JOB_CANCEL[] =
	"UPDATE job SET state = 'cancelled', finished_at = clock_timestamp() WHERE id = $1::uuid AND state IN ('queued', 'running')";

enum skd_outcome store_job_cancel(struct skd_call *call, const char *id)
{
	int64_t touched;
	TRY(db_run(call, JOB_STAND, ARGS(id), NULL));
	TRY(db_run(call, JOB_CANCEL, ARGS(id), &touched));
	return touched ? SKD_OK : fail(call, SKD_CLASH, "the job has ended");
}

static const char JOB_TIDY[] = "DELETE FROM job WHERE finished_at < now() - $1::int * interval '1 day'";

enum skd_outcome store_job_tidy(struct skd_call *call, int days)
{
	return db_run(call, JOB_TIDY, ARGS(arg_int(call, days)), NULL);
}
