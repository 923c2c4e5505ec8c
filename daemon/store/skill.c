/* SPDX-License-Identifier: Apache-2.0
 * Skills. */
#include "store/skill.h"

#define SKILL_COLUMNS                                                                                   \
	"k.id, k.framework_id, f.code, k.code, k.uri, k.label, k.description, k.synonyms, k.parent_id," \
	" s.id, s.name, k.status, k.version"
#define SKILL_FROM "FROM skill k JOIN framework f ON f.id = k.framework_id JOIN scale s ON s.id = k.scale_id"

static void skill_read(const struct rows *rows, int i, struct store_skill *skill)
{
	*skill = (struct store_skill){
		.id = row_uuid(rows, i, 0), .framework_id = row_uuid(rows, i, 1), .framework = row_text(rows, i, 2),
		.code = row_text(rows, i, 3), .uri = row_text(rows, i, 4), .label = row_text(rows, i, 5),
		.description = row_text(rows, i, 6), .parent_id = row_uuid(rows, i, 8),
		.scale_id = row_uuid(rows, i, 9), .scale = row_text(rows, i, 10), .status = row_text(rows, i, 11),
		.version = row_int(rows, i, 12)};
	skill->synonyms = row_texts(rows, i, 7, &skill->synonym_count);
}

static const char SKILL_GET[] = "SELECT " SKILL_COLUMNS " " SKILL_FROM " WHERE k.id = $1::uuid";

enum skd_outcome store_skill_get(struct skd_call *call, const char *id, struct store_skill *skill)
{
	struct rows *rows;
	TRY(db_query(call, SKILL_GET, ARGS(id), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "there is no such skill");
	skill_read(rows, 0, skill);
	return SKD_OK;
}

enum skd_outcome store_skill_list(struct skd_call *call, const struct store_skill_filter *f, struct list *list,
				  struct store_skill **skills, size_t *count)
{
	static const struct list_order orders[] = {
		{"label", "k.label", "text"}, {"code", "k.code", "text"}, {NULL, NULL, NULL}};
	static const char where[] =
		SKILL_FROM
		" WHERE ($1::uuid IS NULL OR k.framework_id = $1::uuid)"
		" AND ($2::text IS NULL OR k.label ILIKE $2 OR k.code ILIKE $2"
		"  OR EXISTS (SELECT FROM unnest(k.synonyms) synonym WHERE synonym ILIKE $2))"
		" AND ($3::uuid IS NULL OR k.parent_id = $3::uuid) AND ($4::text IS NULL OR k.status = $4)";
	struct rows *rows;
	TRY(list_query(call, list, orders, SKILL_COLUMNS, where, "k.id",
		       ARGS(f->framework, f->q ? arg_like(call, f->q) : NULL, f->parent, f->status), &rows, count));
	*skills = talloc_zero_array(call, struct store_skill, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		skill_read(rows, i, &(*skills)[i]);
	return SKD_OK;
}

static const char SKILL_ADD[] =
	"INSERT INTO skill (framework_id, code, uri, label, description, synonyms, parent_id, scale_id)"
	" VALUES ($1::uuid, $2, $3, $4, $5, $6::text[], $7::uuid, $8::uuid) RETURNING id";

enum skd_outcome store_skill_add(struct skd_call *call, const struct store_skill *k, const char **id)
{
	struct rows *rows;
	TRY(db_query(call, SKILL_ADD,
		     ARGS(k->framework_id, k->code, k->uri, k->label, k->description,
			  arg_array(call, k->synonym_count, k->synonyms), k->parent_id, k->scale_id),
		     &rows));
	*id = row_uuid(rows, 0, 0);
	return SKD_OK;
}

static const char SKILL_SET[] =
	"UPDATE skill SET uri = $3, label = $4, description = $5, synonyms = $6::text[], parent_id = $7::uuid,"
	" status = $8, version = version + 1, updated_at = now() WHERE id = $1::uuid AND version = $2::bigint";

enum skd_outcome store_skill_set(struct skd_call *call, const struct store_skill *k)
{
	int64_t touched;
	TRY(db_run(call, SKILL_SET,
		   ARGS(k->id, arg_int(call, k->version), k->uri, k->label, k->description,
			arg_array(call, k->synonym_count, k->synonyms), k->parent_id, k->status),
		   &touched));
	return touched ? SKD_OK : fail(call, SKD_STALE, "the skill was changed since you read it: read it again");
}

/* A code may look like an id, so both are tried; the id goes first. */
static const char SKILL_WITHIN[] =
	"SELECT k.id FROM skill k WHERE k.framework_id = $1::uuid AND (k.id = $2::uuid OR k.code = $3)"
	" ORDER BY k.id IS DISTINCT FROM $2::uuid LIMIT 1";

enum skd_outcome store_skill_within(struct skd_call *call, const char *framework_id, const char *ref, const char **id)
{
	struct rows *rows;
	TRY(db_query(call, SKILL_WITHIN, ARGS(framework_id, uuid_valid(ref) ? ref : NULL, ref), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "the framework has no such skill");
	*id = row_uuid(rows, 0, 0);
	return SKD_OK;
}

static const char FRAMEWORK_HOLD[] = "SELECT FROM framework WHERE id = $1::uuid FOR NO KEY UPDATE";
static const char SKILL_BELOW[] =
	"WITH RECURSIVE above (id) AS (SELECT $2::uuid"
	" UNION SELECT k.parent_id FROM skill k JOIN above a ON k.id = a.id WHERE k.parent_id IS NOT NULL)"
	" SELECT EXISTS (SELECT FROM above WHERE id = $1::uuid)";

enum skd_outcome store_skill_below(struct skd_call *call, const char *framework_id, const char *top, const char *id,
				   bool *below)
{
	struct rows *rows;
	TRY(db_run(call, FRAMEWORK_HOLD, ARGS(framework_id), NULL));
	TRY(db_query(call, SKILL_BELOW, ARGS(top, id), &rows));
	*below = row_bool(rows, 0, 0);
	return SKD_OK;
}

static const char SKILL_MATCH[] =
	"SELECT k.id, k.label, s.name, cardinality(s.levels), k.status = 'active'"
	" FROM skill k JOIN scale s ON s.id = k.scale_id WHERE k.id = $1::uuid OR k.code = $2 OR k.label = $2"
	" ORDER BY k.id";

enum skd_outcome store_skill_match(struct skd_call *call, const char *ref, struct store_skill_match **matches,
				   size_t *count)
{
	struct rows *rows;
	TRY(db_query(call, SKILL_MATCH, ARGS(uuid_valid(ref) ? ref : NULL, ref), &rows));
	*count = (size_t)rows_count(rows);
	*matches = talloc_zero_array(call, struct store_skill_match, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		(*matches)[i] = (struct store_skill_match){row_uuid(rows, i, 0), row_text(rows, i, 1), row_text(rows, i, 2),
							   row_int(rows, i, 3), row_bool(rows, i, 4)};
	return SKD_OK;
}
