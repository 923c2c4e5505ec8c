/* SPDX-License-Identifier: Apache-2.0
 * Collections. */
#include "store/collection.h"

#include "store/achievement.h"

#define COLLECTION_COLUMNS                                                                                           \
	"c.id, i.id, i.name, c.name, c.description, c.goals, c.state, t.ids, t.names, c.version, c.updated_at"
#define COLLECTION_FROM                                                                                              \
	"FROM collection c JOIN issuer i ON i.id = c.issuer_id CROSS JOIN LATERAL ("                                 \
	"SELECT array_agg(t.achievement_id::text ORDER BY t.place) AS ids, array_agg(v.name ORDER BY t.place) AS names" \
	" FROM collection_item t JOIN achievement_version v ON v.achievement_id = t.achievement_id AND v.number ="   \
	"  (SELECT max(v.number) FROM achievement_version v WHERE v.achievement_id = t.achievement_id"              \
	"   AND " ACHIEVEMENT_OUT ") WHERE t.collection_id = c.id) AS t"

static void collection_read(const struct rows *rows, int i, struct store_collection *c)
{
	*c = (struct store_collection){
		.id = row_uuid(rows, i, 0), .issuer_id = row_uuid(rows, i, 1), .issuer = row_text(rows, i, 2), .name = row_text(rows, i, 3),
		.description = row_text(rows, i, 4), .goals = row_json(rows, i, 5), .state = row_text(rows, i, 6),
		.version = (long)row_int(rows, i, 9), .updated_at = row_time(rows, i, 10)};
	c->achievements = row_texts(rows, i, 7, &c->count);
	c->names = row_texts(rows, i, 8, &c->count);
}

static const char COLLECTION_GET[] = "SELECT " COLLECTION_COLUMNS " " COLLECTION_FROM " WHERE c.id = $1::uuid";

enum skd_outcome store_collection_get(struct skd_call *call, const char *id, struct store_collection *collection)
{
	struct rows *rows;
	TRY(db_query(call, COLLECTION_GET, ARGS(id), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "there is no such collection");
	collection_read(rows, 0, collection);
	return SKD_OK;
}

enum skd_outcome store_collection_list(struct skd_call *call, const struct store_collection_filter *f, struct list *list,
				       struct store_collection **collections, size_t *count)
{
	static const struct list_order orders[] = {{"name", "c.name", "text"}, {"updated_at", "c.updated_at", "timestamptz"}, {NULL, NULL, NULL}};
	static const char where[] =
		COLLECTION_FROM " WHERE ($1::text IS NULL OR c.name ILIKE $1) AND ($2::uuid IS NULL OR c.issuer_id = $2::uuid)"
		" AND ($3::uuid IS NULL OR EXISTS (SELECT FROM collection_item x WHERE x.collection_id = c.id AND x.achievement_id = $3::uuid))"
		" AND ($4::text IS NULL OR c.state = $4)";
	struct rows *rows;
	TRY(list_query(call, list, orders, COLLECTION_COLUMNS, where, "c.id",
		       ARGS(f->q ? arg_like(call, f->q) : NULL, f->issuer, f->achievement, f->state), &rows, count));
	*collections = talloc_zero_array(call, struct store_collection, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		collection_read(rows, i, &(*collections)[i]);
	return SKD_OK;
}

/* ---- writing ---- */

static const char ITEMS_DROP[] = "DELETE FROM collection_item WHERE collection_id = $1::uuid";
static const char ITEMS_ADD[] =
	"INSERT INTO collection_item (collection_id, place, achievement_id)"
	" SELECT $1::uuid, w.place, w.id FROM unnest($2::uuid[]) WITH ORDINALITY AS w (id, place)";

static enum skd_outcome items_put(struct skd_call *call, const char *id, const struct store_collection *c)
{
	TRY(db_run(call, ITEMS_DROP, ARGS(id), NULL));
	return db_run(call, ITEMS_ADD, ARGS(id, arg_array(call, c->count, c->achievements)), NULL);
}

static const char COLLECTION_ADD[] =
	"INSERT INTO collection (issuer_id, name, description, goals) VALUES ($1::uuid, $2, $3, $4::json) RETURNING id";

enum skd_outcome store_collection_add(struct skd_call *call, const struct store_collection *c, const char **id)
{
	struct rows *rows;
	TRY(db_query(call, COLLECTION_ADD, ARGS(c->issuer_id, c->name, c->description, c->goals), &rows));
	*id = row_uuid(rows, 0, 0);
	return items_put(call, *id, c);
}

static const char COLLECTION_SET[] =
	"UPDATE collection SET name = $3, description = $4, goals = $5::json, state = $6, version = version + 1, updated_at = now()"
	" WHERE id = $1::uuid AND version = $2::bigint";

enum skd_outcome store_collection_set(struct skd_call *call, const struct store_collection *c)
{
	int64_t touched;
	TRY(db_run(call, COLLECTION_SET, ARGS(c->id, arg_int(call, c->version), c->name, c->description, c->goals, c->state), &touched));
	return touched ? items_put(call, c->id, c)
		       : fail(call, SKD_STALE, "the collection was changed since you read it: read it again");
}

static const char UNKNOWN[] =
	"SELECT w.place::int - 1 FROM unnest($1::uuid[]) WITH ORDINALITY AS w (id, place) WHERE NOT EXISTS (SELECT FROM"
	" achievement_version v WHERE v.achievement_id = w.id AND " ACHIEVEMENT_OUT ") ORDER BY w.place LIMIT 1";

enum skd_outcome store_collection_unknown(struct skd_call *call, size_t count, const char *const *ids, size_t *place)
{
	struct rows *rows;
	TRY(db_query(call, UNKNOWN, ARGS(arg_array(call, count, ids)), &rows));
	*place = rows_count(rows) ? (size_t)row_int(rows, 0, 0) : count;
	return SKD_OK;
}
