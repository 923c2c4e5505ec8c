/* SPDX-License-Identifier: Apache-2.0
 * Frameworks. */
#include "store/framework.h"

#define FRAMEWORK_COLUMNS "f.id, f.code, f.name, f.uri, f.description, f.state, f.version"

static void framework_read(const struct rows *rows, int i, struct store_framework *framework)
{
	*framework = (struct store_framework){
		.id = row_uuid(rows, i, 0), .code = row_text(rows, i, 1), .name = row_text(rows, i, 2),
		.uri = row_text(rows, i, 3), .description = row_text(rows, i, 4), .state = row_text(rows, i, 5),
		.version = row_int(rows, i, 6)};
}

static const char FRAMEWORK_GET[] = "SELECT " FRAMEWORK_COLUMNS " FROM framework f WHERE f.id = $1::uuid";

enum skd_outcome store_framework_get(struct skd_call *call, const char *id, struct store_framework *framework)
{
	struct rows *rows;
	TRY(db_query(call, FRAMEWORK_GET, ARGS(id), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "there is no such framework");
	framework_read(rows, 0, framework);
	return SKD_OK;
}

/* A code may look like an id, so both are tried; the id goes first. */
static const char FRAMEWORK_FIND[] =
	"SELECT " FRAMEWORK_COLUMNS " FROM framework f WHERE f.id = $1::uuid OR f.code = $2"
	" ORDER BY f.id IS DISTINCT FROM $1::uuid LIMIT 1";

enum skd_outcome store_framework_find(struct skd_call *call, const char *ref, struct store_framework *framework)
{
	struct rows *rows;
	TRY(db_query(call, FRAMEWORK_FIND, ARGS(uuid_valid(ref) ? ref : NULL, ref), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "there is no such framework");
	framework_read(rows, 0, framework);
	return SKD_OK;
}

enum skd_outcome store_framework_list(struct skd_call *call, const char *state, struct list *list,
				      struct store_framework **frameworks, size_t *count)
{
	static const struct list_order orders[] = {
		{"code", "f.code", "text"}, {"name", "f.name", "text"}, {NULL, NULL, NULL}};
	struct rows *rows;
	TRY(list_query(call, list, orders, FRAMEWORK_COLUMNS,
		       "FROM framework f WHERE ($1::text IS NULL OR f.state = $1)", "f.id", ARGS(state), &rows, count));
	*frameworks = talloc_zero_array(call, struct store_framework, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		framework_read(rows, i, &(*frameworks)[i]);
	return SKD_OK;
}

static const char FRAMEWORK_ADD[] =
	"INSERT INTO framework (code, name, uri, description) VALUES ($1, $2, $3, $4) RETURNING id";

enum skd_outcome store_framework_add(struct skd_call *call, const struct store_framework *f, const char **id)
{
	struct rows *rows;
	TRY(db_query(call, FRAMEWORK_ADD, ARGS(f->code, f->name, f->uri, f->description), &rows));
	*id = row_uuid(rows, 0, 0);
	return SKD_OK;
}

static const char FRAMEWORK_SET[] =
	"UPDATE framework SET name = $3, uri = $4, description = $5, state = $6, version = version + 1, updated_at = now()"
	" WHERE id = $1::uuid AND version = $2::bigint";

enum skd_outcome store_framework_set(struct skd_call *call, const struct store_framework *f)
{
	int64_t touched;
	TRY(db_run(call, FRAMEWORK_SET,
		   ARGS(f->id, arg_int(call, f->version), f->name, f->uri, f->description, f->state), &touched));
	return touched ? SKD_OK : fail(call, SKD_STALE, "the framework was changed since you read it: read it again");
}
