/* SPDX-License-Identifier: Apache-2.0
 * Batches and their rows. */
#include "store/batch.h"

#include <stdio.h>
#include <string.h>

static const char BATCH_ADD[] =
	"INSERT INTO batch (id, job_id, action, achievement_id, all_or_none, reason, scheduled_at, quiet)"
	" VALUES ($1::uuid, $2::uuid, $3, $4::uuid, $5::bool, $6, $7::timestamptz, $8::bool)";

enum skd_outcome store_batch_add(struct skd_call *call, const struct store_batch *b)
{
	return db_run(call, BATCH_ADD,
		      ARGS(b->id, b->job_id, b->action, b->achievement_id, arg_bool(b->all_or_none), b->reason,
			   b->scheduled_at ? arg_time(call, b->scheduled_at) : NULL, arg_bool(b->quiet)),
		      NULL);
}

#define BATCH_COLUMNS                                                                                                  \
	"b.id, b.job_id, b.action, b.achievement_id, (SELECT v.name FROM achievement_version v WHERE v.achievement_id = b.achievement_id" \
	"  ORDER BY v.state = 'draft', v.number DESC LIMIT 1), b.all_or_none, b.checked, b.reason, b.scheduled_at, j.state,"    \
	" coalesce(w.account, 'erased'), j.done, j.total,"                                                                \
	" (SELECT count(*) FROM batch_row r WHERE r.batch_id = b.id AND r.fault IS NOT NULL), j.created_at, j.finished_at, b.quiet"
#define BATCH_SEEN                                                                                                     \
	"FROM batch b JOIN job j ON j.id = b.job_id JOIN who w ON w.id = j.who WHERE ($1::bool OR j.account_id = $2::uuid OR j.account_id IN" \
	" (SELECT a.id FROM account a JOIN person p ON p.id = a.person_id WHERE p.id = $3::uuid OR p.human = $3::uuid))"

static void batch_read(const struct rows *rows, int i, struct store_batch *batch)
{
	*batch = (struct store_batch){
		.id = row_uuid(rows, i, 0), .job_id = row_uuid(rows, i, 1), .action = row_text(rows, i, 2),
		.achievement_id = row_uuid(rows, i, 3), .achievement = row_text(rows, i, 4), .all_or_none = row_bool(rows, i, 5),
		.checked = row_int(rows, i, 6), .reason = row_text(rows, i, 7),
		.scheduled_at = row_null(rows, i, 8) ? 0 : row_time(rows, i, 8), .state = row_text(rows, i, 9),
		.account = row_text(rows, i, 10), .done = row_int(rows, i, 11), .total = row_int(rows, i, 12),
		.faulty = row_int(rows, i, 13), .created_at = row_time(rows, i, 14), .finished_at = row_time(rows, i, 15),
		.quiet = row_bool(rows, i, 16)};
}

static const char BATCH_GET[] = "SELECT " BATCH_COLUMNS " " BATCH_SEEN " AND b.id = $4::uuid";

enum skd_outcome store_batch_get(struct skd_call *call, const struct store_job_sight *sight, const char *id,
				 struct store_batch *batch)
{
	struct rows *rows;
	TRY(db_query(call, BATCH_GET, ARGS(arg_bool(sight->everyone), sight->account_id, sight->person_id, id), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "there is no such batch");
	batch_read(rows, 0, batch);
	return SKD_OK;
}

enum skd_outcome store_batch_list(struct skd_call *call, const struct store_job_sight *sight, const char *state,
				  const char *action, struct list *list, struct store_batch **batches, size_t *count)
{
	static const struct list_order orders[] = {{"created_at", "j.created_at", "timestamptz"}, {NULL, NULL, NULL}};
	static const char where[] = BATCH_SEEN " AND ($4::text IS NULL OR j.state = $4) AND ($5::text IS NULL OR b.action = $5)";
	struct rows *rows;
	TRY(list_query(call, list, orders, BATCH_COLUMNS, where, "b.id",
		       ARGS(arg_bool(sight->everyone), sight->account_id, sight->person_id, state, action), &rows, count));
	*batches = talloc_zero_array(call, struct store_batch, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		batch_read(rows, i, &(*batches)[i]);
	return SKD_OK;
}

/* ---- rows come in ---- */

static const char ROWS_COPY[] =
	"COPY batch_row (batch_id, number, credential_id, person, achievement_id, issued_at, valid_from, expires_at, evidence, reason,"
	" field, fault, results, replaces, achievement_version) FROM STDIN";

enum skd_outcome store_batch_rows_begin(struct skd_call *call)
{
	return copy_begin(call, ROWS_COPY);
}

static struct skd_text text_of(const char *string)
{
	return (struct skd_text){string, string ? strlen(string) : 0};
}

enum skd_outcome store_batch_row_put(struct skd_call *call, const char *batch_id, const struct store_batch_row *row)
{
	const int64_t times[] = {row->issued_at, row->valid_from, row->expires_at};
	char number[24], version[24], written[3][TIME_SIZE];
	snprintf(number, sizeof number, "%lld", (long long)row->number);
	snprintf(version, sizeof version, "%lld", (long long)row->version);
	struct skd_text values[15] = {
		text_of(batch_id), text_of(number), text_of(row->credential_id), text_of(row->person),
		text_of(row->achievement_id), {0}, {0}, {0}, text_of(row->evidence), text_of(row->reason),
		text_of(row->field), text_of(row->fault), text_of(row->results),
		text_of(row->replaces), text_of(row->version ? version : NULL)};
	for (int i = 0; i < 3; i++)
		if (times[i] == TIME_NEVER)
			values[5 + i] = text_of("infinity");
		else if (times[i] != TIME_UNSET)
			values[5 + i] = (struct skd_text){written[i], time_format(times[i], written[i])};
	return copy_row(call, sizeof values / sizeof *values, values);
}

enum skd_outcome store_batch_rows_end(struct skd_call *call, bool good)
{
	return copy_end(call, good);
}

static const char ROWS_TWICE[] =
	"UPDATE batch_row r SET field = '/credential', fault = 'is that of an earlier row' FROM"
	" (SELECT number, row_number() OVER (PARTITION BY coalesce(replaces, credential_id) ORDER BY number) AS time FROM batch_row"
	"  WHERE batch_id = $1::uuid AND fault IS NULL) AS o"
	" WHERE r.batch_id = $1::uuid AND r.number = o.number AND o.time > 1";

enum skd_outcome store_batch_twice(struct skd_call *call, const char *batch_id)
{
	return db_run(call, ROWS_TWICE, ARGS(batch_id), NULL);
}

/* ---- rows go on ---- */

static int64_t time_said(const struct rows *rows, int row, int column)
{
	return row_null(rows, row, column) ? TIME_UNSET : row_time(rows, row, column);
}

static void row_read(const struct rows *rows, int i, struct store_batch_row *row)
{
	*row = (struct store_batch_row){
		.number = row_int(rows, i, 1), .credential_id = row_uuid(rows, i, 2), .person = row_text(rows, i, 3),
		.achievement_id = row_uuid(rows, i, 4), .issued_at = time_said(rows, i, 5), .valid_from = time_said(rows, i, 6),
		.expires_at = time_said(rows, i, 7), .evidence = row_json(rows, i, 8), .reason = row_text(rows, i, 9),
		.field = row_text(rows, i, 10), .fault = row_text(rows, i, 11), .results = row_json(rows, i, 12),
		.replaces = row_uuid(rows, i, 13), .version = row_null(rows, i, 14) ? 0 : row_int(rows, i, 14)};
}

#define ROW_COLUMNS                                                                                                    \
	"r.batch_id, r.number, r.credential_id, r.person, r.achievement_id, r.issued_at, r.valid_from, r.expires_at, r.evidence," \
	" r.reason, r.field, r.fault, r.results, r.replaces, r.achievement_version"
static const char ROWS_GET[] =
	"SELECT " ROW_COLUMNS " FROM batch_row r WHERE r.batch_id = $1::uuid AND r.number > $2::int AND r.number <= $3::int"
	" AND r.fault IS NULL ORDER BY r.number";

enum skd_outcome store_batch_rows_get(struct skd_call *call, const char *batch_id, int64_t after, int64_t upto,
				      struct store_batch_row **rows, size_t *count)
{
	struct rows *got;
	TRY(db_query(call, ROWS_GET, ARGS(batch_id, arg_int(call, after), arg_int(call, upto)), &got));
	*count = (size_t)rows_count(got);
	*rows = talloc_zero_array(call, struct store_batch_row, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		row_read(got, i, &(*rows)[i]);
	return SKD_OK;
}

#define ROW_STATE                                                                                                      \
	"CASE WHEN r.fault IS NOT NULL THEN 'faulty' WHEN r.number <= j.done THEN 'done'"                                 \
	" WHEN j.state IN ('queued', 'running') THEN 'waiting' ELSE 'dropped' END"

enum skd_outcome store_batch_row_list(struct skd_call *call, const struct sight *sight, const char *batch_id, const char *state,
				      struct list *list, struct store_batch_row **rows, size_t *count)
{
	static const struct list_order orders[] = {{"row", "r.number", "integer"}, {NULL, NULL, NULL}};
	struct rows *got;
	TRY(list_query(call, list, orders, ROW_COLUMNS ", " ROW_STATE ", p.id, p.name",
		       "FROM batch_row r JOIN batch b ON b.id = r.batch_id JOIN job j ON j.id = b.job_id"
		       " LEFT JOIN credential c ON c.id = r.credential_id AND ($3::bool OR c.person_id IN (SELECT people_seen($4::uuid, false))"
		       "  OR ($5::bool AND c.issuer_id IN (SELECT issuers_of($4::uuid)))) LEFT JOIN person p ON p.id = c.person_id"
		       " WHERE r.batch_id = $1::uuid AND ($2::text IS NULL OR $2 = " ROW_STATE ")",
		       "r.batch_id", ARGS(batch_id, state, arg_bool(sight->everyone), sight->self, arg_bool(sight->issued)), &got, count));
	*rows = talloc_zero_array(call, struct store_batch_row, *count + 1);
	for (int i = 0; i < (int)*count; i++) {
		row_read(got, i, &(*rows)[i]);
		(*rows)[i].state = row_text(got, i, 15);
		(*rows)[i].person_id = row_uuid(got, i, 16);
		(*rows)[i].person_name = row_text(got, i, 17);
	}
	return SKD_OK;
}

static const char FAULT_PUT[] =
	"UPDATE batch_row SET field = $3, fault = $4 WHERE batch_id = $1::uuid AND number = $2::int";

enum skd_outcome store_batch_faults(struct skd_call *call, const char *batch_id, size_t count,
				    const struct store_batch_row *rows)
{
	for (size_t i = 0; i < count; i++)
		if (rows[i].fault)
			TRY(db_send(call, FAULT_PUT,
				    ARGS(batch_id, arg_int(call, rows[i].number), rows[i].field, rows[i].fault), NULL));
	return SKD_OK;
}

static const char CHECKED[] = "UPDATE batch SET checked = $2::int WHERE id = $1::uuid";

enum skd_outcome store_batch_checked(struct skd_call *call, const char *batch_id, int64_t checked)
{
	return db_send(call, CHECKED, ARGS(batch_id, arg_int(call, checked)), NULL);
}

static const char BATCH_SUM[] =
	"SELECT count(*), (SELECT jsonb_agg(jsonb_build_object('row', e.number, 'field',"
	"  '/rows/' || e.number - 1 || coalesce(e.field, ''), 'message', e.fault) ORDER BY e.number) FROM (SELECT * FROM batch_row"
	"   WHERE batch_id = $1::uuid AND fault IS NOT NULL ORDER BY number LIMIT 100) AS e), $2::int - count(*) FILTER (WHERE number <= $2::int)"
	" FROM batch_row WHERE batch_id = $1::uuid AND fault IS NOT NULL";

enum skd_outcome store_batch_sum(struct skd_call *call, const char *batch_id, int64_t done, struct store_batch_sum *sum)
{
	struct rows *rows;
	TRY(db_query(call, BATCH_SUM, ARGS(batch_id, arg_int(call, done)), &rows));
	*sum = (struct store_batch_sum){row_int(rows, 0, 2), row_int(rows, 0, 0), row_json(rows, 0, 1)};
	return SKD_OK;
}
