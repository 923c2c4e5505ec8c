/* SPDX-License-Identifier: Apache-2.0
 * Audit entries, changes, remembered answers. */
#include "store/audit.h"

static const char AUDIT_ADD[] =
	"WITH e AS (INSERT INTO audit_entry (who, account_id, action, outcome, noun, object, request_id, detail)"
	" VALUES (who_is($1, $2::uuid, $8), $2::uuid, $3, $4, $5, $6, $7::uuid, $9::jsonb) RETURNING seq)"
	" INSERT INTO audit_unsealed (entry) SELECT seq FROM e";

enum skd_outcome store_audit_add(struct skd_call *call, const struct store_audit *e)
{
	return db_send(call, AUDIT_ADD,
		       ARGS(e->account, e->account_id, e->action, e->outcome, e->noun, e->object, e->request_id,
			    e->address, e->detail),
		       NULL);
}

enum skd_outcome store_audit_list(struct skd_call *call, const struct store_audit_filter *filter, struct list *list,
				  struct store_audit **entries, size_t *count)
{
	static const struct list_order orders[] = {{"at", "a.at", "timestamptz"}, {NULL, NULL, NULL}};
	static const char columns[] =
		"a.id, coalesce(w.account, 'erased'), a.account_id, a.action, a.outcome, a.noun, a.object, a.request_id, w.address, a.detail, a.at";
	static const char where[] =
		"FROM audit_entry a JOIN who w ON w.id = a.who WHERE ($1::text IS NULL OR a.action = $1) AND ($2::text IS NULL OR a.object = $2)"
		" AND ($3::text IS NULL OR a.who IN (SELECT id FROM who WHERE account = $3)) AND ($4::text IS NULL OR a.outcome = $4)"
		" AND a.at >= $5::timestamptz AND a.at < $6::timestamptz AND ($7::text IS NULL OR a.noun = $7)";
	struct rows *rows;
	const char *since = filter->since ? arg_time(call, filter->since) : "-infinity";
	TRY(list_query(call, list, orders, columns, where, "a.id",
		       ARGS(filter->action, filter->object, filter->account, filter->outcome, since,
			    arg_time(call, filter->until), filter->noun),
		       &rows, count));
	*entries = talloc_zero_array(call, struct store_audit, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		(*entries)[i] = (struct store_audit){
			.id = row_uuid(rows, i, 0), .account = row_text(rows, i, 1), .account_id = row_uuid(rows, i, 2),
			.action = row_text(rows, i, 3), .outcome = row_text(rows, i, 4), .noun = row_text(rows, i, 5),
			.object = row_text(rows, i, 6), .request_id = row_uuid(rows, i, 7),
			.address = row_text(rows, i, 8), .detail = row_json(rows, i, 9), .at = row_time(rows, i, 10)};
	return SKD_OK;
}

static const char CHANGE_ADD[] = "INSERT INTO change (noun, key) VALUES ($1, $2::uuid)";

enum skd_outcome store_change_add(struct skd_call *call, const char *noun, const char *key)
{
	return db_send(call, CHANGE_ADD, ARGS(noun, key), NULL);
}

static const char ANSWER_CLAIM[] =
	"INSERT INTO idempotency (account_id, key, request) VALUES ($1::uuid, $2, $3::bytea) ON CONFLICT DO NOTHING";
static const char ANSWER_GET[] =
	"SELECT request, status, location, etag, answer FROM idempotency WHERE account_id = $1::uuid AND key = $2";

enum skd_outcome store_answer_claim(struct skd_call *call, const char *account_id, const char *key,
				    const uint8_t *request, bool *mine, struct store_answer *answer)
{
	int64_t touched;
	struct rows *rows;
	TRY(db_run(call, ANSWER_CLAIM, ARGS(account_id, key, arg_bytea(call, request, DIGEST_SIZE)), &touched));
	*mine = touched == 1;
	if (*mine)
		return SKD_OK;
	TRY(db_query(call, ANSWER_GET, ARGS(account_id, key), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_BUSY, "the first request with this Idempotency-Key is just being given up");
	*answer = (struct store_answer){
		.request = (const uint8_t *)row_text(rows, 0, 0), .request_size = row_size(rows, 0, 0),
		.status = (int)row_int(rows, 0, 1), .location = row_text(rows, 0, 2), .etag = row_text(rows, 0, 3),
		.sealed = (const uint8_t *)row_text(rows, 0, 4), .sealed_size = row_size(rows, 0, 4)};
	return SKD_OK;
}

static const char ANSWER_PUT[] =
	"UPDATE idempotency SET status = $3::int, location = $4, etag = $5, answer = $6::bytea"
	" WHERE account_id = $1::uuid AND key = $2";

enum skd_outcome store_answer_put(struct skd_call *call, const char *account_id, const char *key,
				  const struct store_answer *answer)
{
	return db_send(call, ANSWER_PUT,
		       ARGS(account_id, key, arg_int(call, answer->status), answer->location, answer->etag,
			    arg_bytea(call, answer->sealed, answer->sealed_size)),
		       NULL);
}
