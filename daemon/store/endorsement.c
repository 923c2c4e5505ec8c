/* SPDX-License-Identifier: Apache-2.0
 * Endorsements. */
#include "store/endorsement.h"

#include <string.h>

#define ENDORSEMENT_STATE                                                                                            \
	"CASE WHEN e.withdrawn_at IS NOT NULL THEN 'withdrawn' WHEN e.valid_until <= now() THEN 'expired' ELSE 'active' END"
#define ENDORSEMENT_COLUMNS                                                                                          \
	"e.id, e.achievement_id, v.name, e.achievement_number, o.id, o.name, coalesce(o.id, a.issuer_id), i.id, i.name, e.signer," \
	" e.signer_name, e.document, e.trusted, e.comment, e.form, " ENDORSEMENT_STATE ", e.reason, e.valid_from, e.valid_until," \
	" e.created_at, e.withdrawn_at, e.version"
#define ENDORSEMENT_FROM                                                                                             \
	"FROM endorsement e LEFT JOIN achievement a ON a.id = e.achievement_id"                                      \
	" LEFT JOIN achievement_version v ON v.achievement_id = e.achievement_id AND v.number = e.achievement_number" \
	" LEFT JOIN issuer o ON o.id = e.endorsed_issuer_id LEFT JOIN issuer i ON i.id = e.issuer_id"

static void endorsement_read(const struct rows *rows, int i, struct store_endorsement *e)
{
	*e = (struct store_endorsement){
		.id = row_uuid(rows, i, 0), .achievement_id = row_uuid(rows, i, 1), .achievement = row_text(rows, i, 2),
		.number = (long)row_int(rows, i, 3), .endorsed_id = row_uuid(rows, i, 4), .endorsed = row_text(rows, i, 5),
		.owner_id = row_uuid(rows, i, 6), .issuer_id = row_uuid(rows, i, 7), .issuer = row_text(rows, i, 8),
		.signer = row_text(rows, i, 9), .signer_name = row_text(rows, i, 10), .document = row_text(rows, i, 11),
		.trusted = row_bool(rows, i, 12), .comment = row_text(rows, i, 13), .form = row_text(rows, i, 14),
		.state = row_text(rows, i, 15), .reason = row_text(rows, i, 16), .valid_from = row_time(rows, i, 17),
		.valid_until = row_time(rows, i, 18), .created_at = row_time(rows, i, 19), .withdrawn_at = row_time(rows, i, 20),
		.version = (long)row_int(rows, i, 21)};
}

static const char ENDORSEMENT_ADD[] =
	"INSERT INTO endorsement (id, achievement_id, achievement_number, endorsed_issuer_id, issuer_id, signer, signer_name, trusted,"
	" document, comment, form, bytes, valid_from, valid_until) VALUES ($1::uuid, $2::uuid, $3::int, $4::uuid, $5::uuid, $6, $7,"
	" $8::bool, $9, $10, $11, $12::bytea, $13::timestamptz, $14::timestamptz) ON CONFLICT DO NOTHING";

enum skd_outcome store_endorsement_add(struct skd_call *call, const struct store_endorsement *e, struct skd_text bytes)
{
	int64_t touched;
	TRY(db_run(call, ENDORSEMENT_ADD,
		   ARGS(e->id, e->achievement_id, e->achievement_id ? arg_int(call, e->number) : NULL, e->endorsed_id, e->issuer_id,
			e->signer, e->signer_name, arg_bool(e->trusted), e->document, e->comment, e->form,
			arg_bytea(call, bytes.bytes, bytes.size), arg_time(call, e->valid_from), arg_time(call, e->valid_until)),
		   &touched));
	return touched ? SKD_OK : fail(call, SKD_CLASH, e->issuer_id ? "that issuer endorses it already" : "that endorsement is here already");
}

static const char ENDORSEMENT_GET[] = "SELECT " ENDORSEMENT_COLUMNS " " ENDORSEMENT_FROM " WHERE e.id = $1::uuid";

enum skd_outcome store_endorsement_get(struct skd_call *call, const char *id, struct store_endorsement *e)
{
	struct rows *rows;
	TRY(db_query(call, ENDORSEMENT_GET, ARGS(id), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "there is no such endorsement");
	endorsement_read(rows, 0, e);
	return SKD_OK;
}

enum skd_outcome store_endorsement_list(struct skd_call *call, const struct store_endorsement_filter *f, struct list *list,
					struct store_endorsement **endorsements, size_t *count)
{
	static const struct list_order orders[] = {{"created_at", "e.created_at", "timestamptz"}, {NULL, NULL, NULL}};
	static const char where[] =
		ENDORSEMENT_FROM " WHERE ($1::uuid IS NULL OR e.achievement_id = $1::uuid)"
		" AND ($2::uuid IS NULL OR e.endorsed_issuer_id = $2::uuid) AND ($3::uuid IS NULL OR e.issuer_id = $3::uuid)"
		" AND ($4::text IS NULL OR " ENDORSEMENT_STATE " = $4)";
	struct rows *rows;
	TRY(list_query(call, list, orders, ENDORSEMENT_COLUMNS, where, "e.id", ARGS(f->achievement, f->endorsed, f->issuer, f->state),
		       &rows, count));
	*endorsements = talloc_zero_array(call, struct store_endorsement, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		endorsement_read(rows, i, &(*endorsements)[i]);
	return SKD_OK;
}

static const char ENDORSEMENT_WITHDRAW[] =
	"UPDATE endorsement SET withdrawn_at = now(), reason = $2, version = version + 1 WHERE id = $1::uuid AND withdrawn_at IS NULL";

enum skd_outcome store_endorsement_withdraw(struct skd_call *call, const char *id, const char *reason)
{
	int64_t touched;
	TRY(db_run(call, ENDORSEMENT_WITHDRAW, ARGS(id, reason), &touched));
	return touched ? SKD_OK : fail(call, SKD_CLASH, "the endorsement was withdrawn before");
}

static const char ENDORSEMENT_DOCUMENT[] = "SELECT form, bytes, withdrawn_at IS NULL FROM endorsement WHERE id = $1::uuid";

enum skd_outcome store_endorsement_document(struct skd_call *call, const char *id, const char **form, struct skd_text *bytes)
{
	struct rows *rows;
	TRY(db_query(call, ENDORSEMENT_DOCUMENT, ARGS(id), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "there is no such endorsement");
	*form = row_text(rows, 0, 0);
	*bytes = (struct skd_text){row_text(rows, 0, 1), row_size(rows, 0, 1)};
	return row_bool(rows, 0, 2) ? SKD_OK : fail(call, SKD_GONE, "the endorsement was withdrawn");
}

static const char ENDORSEMENT_PUBLISHED[] =
	"SELECT e.form, e.bytes FROM endorsement e WHERE e.withdrawn_at IS NULL AND e.valid_until > now()"
	" AND CASE WHEN $1::uuid IS NULL THEN e.endorsed_issuer_id = $3::uuid"
	"  ELSE e.achievement_id = $1::uuid AND e.achievement_number = $2::int END ORDER BY e.created_at, e.id LIMIT $4::int";

enum skd_outcome store_endorsement_published(struct skd_call *call, const char *achievement_id, int64_t number,
					     const char *issuer_id, int most, const struct skd_endorsement **endorsements,
					     size_t *count)
{
	struct rows *rows;
	TRY(db_query(call, ENDORSEMENT_PUBLISHED, ARGS(achievement_id, arg_int(call, number), issuer_id, arg_int(call, most)), &rows));
	*count = (size_t)rows_count(rows);
	struct skd_endorsement *list = talloc_zero_array(call, struct skd_endorsement, *count + 1);
	for (int i = 0; i < (int)*count; i++) {
		const char *bytes = row_text(rows, i, 1);
		if (strcmp(row_text(rows, i, 0), "jwt") == 0)
			list[i].jws = talloc_strndup(list, bytes, row_size(rows, i, 1));
		else
			list[i].json = (struct skd_text){bytes, row_size(rows, i, 1)};
	}
	*endorsements = list;
	return SKD_OK;
}

static const char STATUS_PLACE[] = "SELECT list, place::text FROM status_place($1::uuid, 'revocation', $2::uuid)";

enum skd_outcome store_endorsement_place(struct skd_call *call, const char *issuer_id, const char *id, const char **list,
					 const char **index)
{
	struct rows *rows;
	TRY(db_query(call, STATUS_PLACE, ARGS(issuer_id, id), &rows));
	*list = row_uuid(rows, 0, 0);
	*index = row_text(rows, 0, 1);
	return SKD_OK;
}
