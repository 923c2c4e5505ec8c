/* SPDX-License-Identifier: Apache-2.0
 * Positions. */
#include "store/position.h"

#define POSITION_COLUMNS "p.id, p.code, p.name, p.description, p.openings, p.state, p.version, p.updated_at"

static void position_read(const struct rows *rows, int i, struct store_position *p)
{
	*p = (struct store_position){
		.id = row_uuid(rows, i, 0), .code = row_text(rows, i, 1), .name = row_text(rows, i, 2), .description = row_text(rows, i, 3),
		.openings = (long)row_int(rows, i, 4), .state = row_text(rows, i, 5), .version = (long)row_int(rows, i, 6),
		.updated_at = row_time(rows, i, 7)};
}

static const char POSITION_SKILLS[] =
	"SELECT w.at, k.id, k.label, s.level, s.must FROM unnest($1::uuid[]) WITH ORDINALITY w (id, at)"
	" JOIN position_skill s ON s.position_id = w.id JOIN skill k ON k.id = s.skill_id ORDER BY w.at, k.label, k.id";

/* The skills of all of them in one query. */
static enum skd_outcome skills_read(struct skd_call *call, struct store_position *positions, size_t count)
{
	const char **ids = talloc_array(call, const char *, count + 1);
	struct rows *rows;
	for (size_t i = 0; i < count; i++)
		ids[i] = positions[i].id;
	TRY(db_query(call, POSITION_SKILLS, ARGS(arg_array(call, count, ids)), &rows));
	int total = rows_count(rows);
	struct store_position_skill *skills = talloc_zero_array(call, struct store_position_skill, total + 1);
	for (int i = 0; i < total; i++) {
		struct store_position *p = &positions[row_int(rows, i, 0) - 1];
		skills[i] = (struct store_position_skill){row_uuid(rows, i, 1), row_text(rows, i, 2), (long)row_int(rows, i, 3), row_bool(rows, i, 4)};
		p->skills = p->skill_count ? p->skills : &skills[i];
		p->skill_count++;
	}
	return SKD_OK;
}

static const char POSITION_GET[] = "SELECT " POSITION_COLUMNS " FROM position p WHERE p.id = $1::uuid";

enum skd_outcome store_position_get(struct skd_call *call, const char *id, struct store_position *position)
{
	struct rows *rows;
	TRY(db_query(call, POSITION_GET, ARGS(id), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "there is no such position");
	position_read(rows, 0, position);
	return skills_read(call, position, 1);
}

static const char POSITION_BY_CODE[] = "SELECT " POSITION_COLUMNS " FROM position p WHERE p.code = $1";

enum skd_outcome store_position_find(struct skd_call *call, const char *ref, struct store_position *position)
{
	struct rows *rows;
	TRY(db_query(call, uuid_valid(ref) ? POSITION_GET : POSITION_BY_CODE, ARGS(ref), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "there is no such position");
	position_read(rows, 0, position);
	return SKD_OK;
}

enum skd_outcome store_position_list(struct skd_call *call, const struct store_position_filter *f, struct list *list,
				     struct store_position **positions, size_t *count)
{
	static const struct list_order orders[] = {{"name", "p.name", "text"}, {"code", "p.code", "text"},
						   {"updated_at", "p.updated_at", "timestamptz"}, {NULL, NULL, NULL}};
	static const char where[] =
		"FROM position p WHERE ($1::text IS NULL OR p.name ILIKE $1 OR p.code ILIKE $1)"
		" AND ($2::uuid[] IS NULL OR EXISTS (SELECT FROM position_skill s WHERE s.position_id = p.id AND s.skill_id = ANY ($2::uuid[])))"
		" AND ($3::uuid IS NULL OR p.id IN (SELECT positions_of($3::uuid)))"
		" AND ($4::text IS NULL OR p.state = $4) AND (NOT $5::bool OR p.openings > 0)";
	struct rows *rows;
	TRY(list_query(call, list, orders, POSITION_COLUMNS, where, "p.id",
		       ARGS(f->q ? arg_like(call, f->q) : NULL, f->skills ? arg_array(call, f->skill_count, f->skills) : NULL, f->person,
			    f->state, arg_bool(f->open)),
		       &rows, count));
	*positions = talloc_zero_array(call, struct store_position, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		position_read(rows, i, &(*positions)[i]);
	return skills_read(call, *positions, *count);
}

/* ---- writing ---- */

static const char SKILLS_DROP[] = "DELETE FROM position_skill WHERE position_id = $1::uuid";
static const char SKILLS_ADD[] =
	"INSERT INTO position_skill (position_id, skill_id, level, must)"
	" SELECT $1::uuid, s.* FROM unnest($2::uuid[], $3::int[], $4::bool[]) AS s";

static enum skd_outcome skills_put(struct skd_call *call, const char *id, const struct store_position *p)
{
	const char **ids = talloc_array(call, const char *, p->skill_count + 1), **levels = talloc_array(call, const char *, p->skill_count + 1),
		   **musts = talloc_array(call, const char *, p->skill_count + 1);
	for (size_t i = 0; i < p->skill_count; i++) {
		ids[i] = p->skills[i].id;
		levels[i] = arg_int(call, p->skills[i].level);
		musts[i] = arg_bool(p->skills[i].must);
	}
	TRY(db_run(call, SKILLS_DROP, ARGS(id), NULL));
	return db_run(call, SKILLS_ADD,
		      ARGS(id, arg_array(call, p->skill_count, ids), arg_array(call, p->skill_count, levels), arg_array(call, p->skill_count, musts)),
		      NULL);
}

static const char POSITION_ADD[] =
	"INSERT INTO position (code, name, description, openings) VALUES ($1, $2, $3, $4::int) RETURNING id";

enum skd_outcome store_position_add(struct skd_call *call, const struct store_position *p, const char **id)
{
	struct rows *rows;
	TRY(db_query(call, POSITION_ADD, ARGS(p->code, p->name, p->description, arg_int(call, p->openings)), &rows));
	*id = row_uuid(rows, 0, 0);
	return skills_put(call, *id, p);
}

static const char POSITION_SET[] =
	"UPDATE position SET code = $3, name = $4, description = $5, openings = $6::int, state = $7, version = version + 1,"
	" updated_at = now() WHERE id = $1::uuid AND version = $2::bigint";

enum skd_outcome store_position_set(struct skd_call *call, const struct store_position *p)
{
	int64_t touched;
	TRY(db_run(call, POSITION_SET,
		   ARGS(p->id, arg_int(call, p->version), p->code, p->name, p->description, arg_int(call, p->openings), p->state), &touched));
	return touched ? skills_put(call, p->id, p) : fail(call, SKD_STALE, "the position was changed since you read it: read it again");
}

/* ---- who has it ---- */

static const char GROUP_FIND[] =
	"SELECT g.source, g.external_id, g.dn FROM unnest($1::text[], $2::text[]) AS w (source, key)"
	" JOIN directory_group g ON g.source = w.source AND g.key = w.key COLLATE \"C\" AND NOT g.lost ORDER BY g.source LIMIT 1";

enum skd_outcome store_group_find(struct skd_call *call, size_t count, const char *const *sources, const char *const *keys,
				  struct store_group *group)
{
	struct rows *rows;
	TRY(db_query(call, GROUP_FIND, ARGS(arg_array(call, count, sources), arg_array(call, count, keys)), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "there is no such group in a directory");
	*group = (struct store_group){row_text(rows, 0, 0), row_text(rows, 0, 1), row_text(rows, 0, 2)};
	return SKD_OK;
}

#define ASSIGNMENT_COLUMNS "a.id, h.id, h.name, u.id, u.name, coalesce(g.dn, a.group_dn), a.title, a.created_at"
/* $1 position, $2 to $4 the sight. */
#define ASSIGNMENT_FROM                                                                                                  \
	"FROM position_assignment a LEFT JOIN person p ON p.id = a.person_id LEFT JOIN person h ON h.id = coalesce(p.human, p.id)" \
	" LEFT JOIN unit u ON u.id = a.unit_id"                                                                          \
	" LEFT JOIN directory_group g ON g.source = a.group_source AND g.external_id = a.group_external_id"             \
	" WHERE a.position_id = $1::uuid AND (a.group_dn IS NULL OR $2::bool)"                                           \
	" AND (h.id IS NULL OR (h.erased_at IS NULL AND person_seen($2::bool, $3::uuid, $4::bool, h.id)))"

static void assignment_read(const struct rows *rows, int i, struct store_assignment *a)
{
	*a = (struct store_assignment){
		.id = row_uuid(rows, i, 0), .person_id = row_uuid(rows, i, 1), .person = row_text(rows, i, 2), .unit_id = row_uuid(rows, i, 3),
		.unit = row_text(rows, i, 4), .group.dn = row_text(rows, i, 5), .title = row_text(rows, i, 6), .created_at = row_time(rows, i, 7)};
}

static const char ASSIGNMENT_GET[] = "SELECT " ASSIGNMENT_COLUMNS " " ASSIGNMENT_FROM " AND a.id = $5::uuid";

enum skd_outcome store_assignment_get(struct skd_call *call, const struct sight *sight, const char *position_id, const char *id,
				      struct store_assignment *assignment)
{
	struct rows *rows;
	TRY(db_query(call, ASSIGNMENT_GET, ARGS(position_id, arg_bool(sight->everyone), sight->self, arg_bool(sight->issued), id), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "there is no such assignment of the position");
	assignment_read(rows, 0, assignment);
	return SKD_OK;
}

enum skd_outcome store_assignment_list(struct skd_call *call, const struct sight *sight, const char *position_id,
				       struct list *list, struct store_assignment **assignments, size_t *count)
{
	static const struct list_order orders[] = {{"created_at", "a.created_at", "timestamptz"}, {NULL, NULL, NULL}};
	struct rows *rows;
	TRY(list_query(call, list, orders, ASSIGNMENT_COLUMNS, ASSIGNMENT_FROM, "a.id",
		       ARGS(position_id, arg_bool(sight->everyone), sight->self, arg_bool(sight->issued)), &rows, count));
	*assignments = talloc_zero_array(call, struct store_assignment, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		assignment_read(rows, i, &(*assignments)[i]);
	return SKD_OK;
}

static const char ASSIGNMENT_ADD[] =
	"INSERT INTO position_assignment (position_id, person_id, unit_id, group_source, group_external_id, group_dn, title)"
	" VALUES ($1::uuid, $2::uuid, $3::uuid, $4, $5, $6, $7) RETURNING id";

enum skd_outcome store_assignment_add(struct skd_call *call, const char *position_id, const struct store_assignment *a, const char **id)
{
	struct rows *rows;
	TRY(db_query(call, ASSIGNMENT_ADD,
		     ARGS(position_id, a->person_id, a->unit_id, a->group.source, a->group.external_id, a->group.dn, a->title), &rows));
	*id = row_uuid(rows, 0, 0);
	return SKD_OK;
}

static const char ASSIGNMENT_DROP[] = "DELETE FROM position_assignment WHERE id = $1::uuid";

enum skd_outcome store_assignment_drop(struct skd_call *call, const char *id)
{
	int64_t touched;
	TRY(db_run(call, ASSIGNMENT_DROP, ARGS(id), &touched));
	return touched ? SKD_OK : fail(call, SKD_ABSENT, "there is no such assignment of the position");
}
