/* SPDX-License-Identifier: Apache-2.0
 * Notices. */
#include "store/outbox.h"

#define OUTBOX_ADD                                                                                                     \
	"INSERT INTO outbox (kind, noun, object, person_id, due_at, key, detail) VALUES"                                \
	" ($1, $2, $3::uuid, $4::uuid, greatest($5::timestamptz, now()), $6, $7::jsonb)"
static const char ADD[] = OUTBOX_ADD, ADD_ONCE[] = OUTBOX_ADD " ON CONFLICT (key) WHERE key IS NOT NULL DO NOTHING";

enum skd_outcome store_outbox_add(struct skd_call *call, const struct store_notice *n)
{
	return db_send(call, n->key ? ADD_ONCE : ADD,
		       ARGS(n->kind, n->noun, n->object, n->person_id, n->due_at ? arg_time(call, n->due_at) : NULL, n->key,
			    n->detail),
		       NULL);
}

static const char OUTBOX_ADD_MANY[] =
	"INSERT INTO outbox (kind, noun, object, person_id, due_at) SELECT kind, noun, object, person, greatest(due, now())"
	" FROM unnest($1::text[], $2::text[], $3::uuid[], $4::uuid[], $5::timestamptz[]) AS n (kind, noun, object, person, due)";

enum skd_outcome store_outbox_add_many(struct skd_call *call, size_t count, const struct store_notice *notices)
{
	enum { KIND, NOUN, OBJECT, PERSON, DUE, COLUMNS };
	const char **columns[COLUMNS];
	for (int k = 0; k < COLUMNS; k++)
		columns[k] = talloc_array(call, const char *, count + 1);
	for (size_t i = 0; i < count; i++) {
		columns[KIND][i] = notices[i].kind;
		columns[NOUN][i] = notices[i].noun;
		columns[OBJECT][i] = notices[i].object;
		columns[PERSON][i] = notices[i].person_id;
		columns[DUE][i] = arg_time(call, notices[i].due_at);
	}
	return db_send(call, OUTBOX_ADD_MANY,
		       ARGS(arg_array(call, count, columns[KIND]), arg_array(call, count, columns[NOUN]),
			    arg_array(call, count, columns[OBJECT]), arg_array(call, count, columns[PERSON]),
			    arg_array(call, count, columns[DUE])),
		       NULL);
}

#define TO_COME "object = $1::uuid AND kind = $2 AND due_at > now()"

static const char OUTBOX_MOVE[] =
	"UPDATE outbox SET object = $3::uuid, due_at = greatest($4::timestamptz, now()) WHERE " TO_COME;

enum skd_outcome store_outbox_move(struct skd_call *call, const char *kind, const char *object, const char *to, int64_t due_at)
{
	return db_send(call, OUTBOX_MOVE, ARGS(object, kind, to, arg_time(call, due_at)), NULL);
}

static const char OUTBOX_DROP[] = "DELETE FROM outbox WHERE " TO_COME;

enum skd_outcome store_outbox_drop(struct skd_call *call, const char *kind, const char *object)
{
	return db_send(call, OUTBOX_DROP, ARGS(object, kind), NULL);
}

enum skd_outcome store_outbox_list(struct skd_call *call, const struct store_notice_filter *filter, struct list *list,
				   struct store_notice **notices, size_t *count)
{
	static const struct list_order orders[] = {{"made_at", "o.made_at", "timestamptz"}, {"due_at", "o.due_at", "timestamptz"},
						   {NULL, NULL, NULL}};
	static const char columns[] = "o.id, o.kind, o.noun, o.object, x.person_id, o.key, o.detail, o.made_at, o.due_at";
	static const char where[] =
		"FROM outbox o CROSS JOIN LATERAL (SELECT CASE WHEN NOT $5::bool OR o.noun <> 'submission' OR EXISTS (SELECT FROM submission s"
		"  JOIN achievement_version v ON v.achievement_id = s.achievement_id AND v.number = s.achievement_number"
		"  WHERE s.id = o.object AND NOT (v.assessment->>'blind')::bool) THEN o.person_id END AS person_id) AS x WHERE ($1::text IS NULL OR o.kind = $1) AND ($2::text IS NULL OR o.noun = $2)"
		" AND ($3::uuid IS NULL OR o.object = $3) AND ($4::uuid IS NULL OR (o.person_id = $4 AND x.person_id = $4))";
	struct rows *rows;
	TRY(list_query(call, list, orders, columns, where, "o.id",
		       ARGS(filter->kind, filter->noun, filter->object, filter->person, arg_bool(filter->blind)), &rows, count));
	*notices = talloc_zero_array(call, struct store_notice, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		(*notices)[i] = (struct store_notice){
			.id = row_uuid(rows, i, 0), .kind = row_text(rows, i, 1), .noun = row_text(rows, i, 2),
			.object = row_uuid(rows, i, 3), .person_id = row_uuid(rows, i, 4), .key = row_text(rows, i, 5),
			.detail = row_json(rows, i, 6), .made_at = row_time(rows, i, 7), .due_at = row_time(rows, i, 8)};
	return SKD_OK;
}

static const char OUTBOX_SWEEP[] =
	"DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE made_at < now() - $1::bigint * interval '1 ms'"
	" AND due_at < now() - $1::bigint * interval '1 ms' LIMIT $2::bigint)";

enum skd_outcome store_outbox_sweep(struct skd_call *call, long keep_ms, int64_t most, int64_t *swept)
{
	return db_run(call, OUTBOX_SWEEP, ARGS(arg_int(call, keep_ms), arg_int(call, most)), swept);
}
