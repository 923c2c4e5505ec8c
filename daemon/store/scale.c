/* SPDX-License-Identifier: Apache-2.0
 * Scales. */
#include "store/scale.h"

#define SCALE_COLUMNS "s.id, s.name, s.levels, s.state, s.version"

static void scale_read(const struct rows *rows, int i, struct store_scale *scale)
{
	*scale = (struct store_scale){.id = row_uuid(rows, i, 0), .name = row_text(rows, i, 1),
				      .state = row_text(rows, i, 3), .version = row_int(rows, i, 4)};
	scale->levels = row_texts(rows, i, 2, &scale->level_count);
}

static const char SCALE_GET[] = "SELECT " SCALE_COLUMNS " FROM scale s WHERE s.id = $1::uuid";

enum skd_outcome store_scale_get(struct skd_call *call, const char *id, struct store_scale *scale)
{
	struct rows *rows;
	TRY(db_query(call, SCALE_GET, ARGS(id), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "there is no such scale");
	scale_read(rows, 0, scale);
	return SKD_OK;
}

/* A name may look like an id, so both are tried; the id goes first. */
static const char SCALE_FIND[] =
	"SELECT " SCALE_COLUMNS " FROM scale s WHERE s.id = $1::uuid OR s.name = $2"
	" ORDER BY s.id IS DISTINCT FROM $1::uuid LIMIT 1";

enum skd_outcome store_scale_find(struct skd_call *call, const char *ref, struct store_scale *scale)
{
	struct rows *rows;
	TRY(db_query(call, SCALE_FIND, ARGS(uuid_valid(ref) ? ref : NULL, ref), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "there is no such scale");
	scale_read(rows, 0, scale);
	return SKD_OK;
}

enum skd_outcome store_scale_list(struct skd_call *call, const char *state, struct list *list,
				  struct store_scale **scales, size_t *count)
{
	static const struct list_order orders[] = {{"name", "s.name", "text"}, {NULL, NULL, NULL}};
	struct rows *rows;
	TRY(list_query(call, list, orders, SCALE_COLUMNS, "FROM scale s WHERE ($1::text IS NULL OR s.state = $1)",
		       "s.id", ARGS(state), &rows, count));
	*scales = talloc_zero_array(call, struct store_scale, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		scale_read(rows, i, &(*scales)[i]);
	return SKD_OK;
}

static const char SCALE_ADD[] = "INSERT INTO scale (name, levels) VALUES ($1, $2::text[]) RETURNING id";

enum skd_outcome store_scale_add(struct skd_call *call, const struct store_scale *scale, const char **id)
{
	struct rows *rows;
	TRY(db_query(call, SCALE_ADD, ARGS(scale->name, arg_array(call, scale->level_count, scale->levels)), &rows));
	*id = row_uuid(rows, 0, 0);
	return SKD_OK;
}

static const char SCALE_SET[] =
	"UPDATE scale SET name = $3, levels = $4::text[], state = $5, version = version + 1, updated_at = now()"
	" WHERE id = $1::uuid AND version = $2::bigint";

enum skd_outcome store_scale_set(struct skd_call *call, const struct store_scale *scale)
{
	int64_t touched;
	TRY(db_run(call, SCALE_SET,
		   ARGS(scale->id, arg_int(call, scale->version), scale->name,
			arg_array(call, scale->level_count, scale->levels), scale->state),
		   &touched));
	return touched ? SKD_OK : fail(call, SKD_STALE, "the scale was changed since you read it: read it again");
}
