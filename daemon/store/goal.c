/* SPDX-License-Identifier: Apache-2.0
 * Goals. */
#include "store/goal.h"

#define GOAL_COLUMNS                                                                                                     \
	"g.id, h.id, h.name, o.id, o.name, g.pathway_id, w.name, k.id, k.label, g.level, g.due::text, g.note, g.shared,"   \
	" goal_reached(h.id, g.position_id, g.pathway_id, g.skill_id, g.level), g.created_at, g.updated_at, g.version"
/* Of g. OFFSET 0: whose a goal is is looked up of those that are shown. */
#define GOAL_JOINS                                                                                                       \
	" LEFT JOIN LATERAL (SELECT h.id, h.name FROM person e JOIN person h ON h.id = coalesce(e.human, e.id)"        \
	"  WHERE e.id = g.person_id OFFSET 0) AS h ON true"                                                            \
	" LEFT JOIN position o ON o.id = g.position_id LEFT JOIN skill k ON k.id = g.skill_id LEFT JOIN LATERAL ("     \
	"SELECT v.name FROM pathway_version v WHERE v.pathway_id = g.pathway_id AND v.state IN ('published', 'archived')" \
	" ORDER BY v.number DESC LIMIT 1) AS w ON true"

static void goal_read(const struct rows *rows, int i, struct store_goal *goal)
{
	*goal = (struct store_goal){
		.id = row_uuid(rows, i, 0), .person_id = row_uuid(rows, i, 1), .person = row_text(rows, i, 2), .position_id = row_uuid(rows, i, 3),
		.position = row_text(rows, i, 4), .pathway_id = row_uuid(rows, i, 5), .pathway = row_text(rows, i, 6), .skill_id = row_uuid(rows, i, 7),
		.skill = row_text(rows, i, 8), .level = (long)row_int(rows, i, 9), .due = row_text(rows, i, 10), .note = row_text(rows, i, 11),
		.shared = row_bool(rows, i, 12), .reached = row_bool(rows, i, 13), .created_at = row_time(rows, i, 14),
		.updated_at = row_time(rows, i, 15), .version = (long)row_int(rows, i, 16)};
}

static const char GOAL_GET[] =
	"SELECT " GOAL_COLUMNS " FROM goal g" GOAL_JOINS
	" WHERE g.id = $1::uuid AND (h.id = $3::uuid OR (g.shared AND person_seen($2::bool, $3::uuid, $4::bool, h.id)))";

enum skd_outcome store_goal_get(struct skd_call *call, const struct sight *sight, const char *id, struct store_goal *goal)
{
	struct rows *rows;
	TRY(db_query(call, GOAL_GET, ARGS(id, arg_bool(sight->everyone), sight->self, arg_bool(sight->issued)), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "there is no such goal");
	goal_read(rows, 0, goal);
	return SKD_OK;
}

/* Each in a text of its own, so that a page reads what it shows: of all the goals in their order, or of some people's all.
 * $1 self, $2 a person who is in sight, $3 shared or not. */
static const char OF_EVERYONE[] =
	"FROM goal g" GOAL_JOINS " WHERE (g.shared OR g.person_id = ANY (ARRAY(SELECT s.id FROM person s WHERE s.id = $1::uuid OR s.human = $1::uuid)))"
	" AND $2::uuid IS NULL AND ($3::bool IS NULL OR g.shared = $3)";
static const char OF_SEEN[] =
	"FROM (SELECT * FROM goal g WHERE g.person_id = ANY (ARRAY(SELECT entries_seen($1::uuid))) OFFSET 0) AS g" GOAL_JOINS
	" WHERE (g.shared OR h.id = $1::uuid) AND $2::uuid IS NULL AND ($3::bool IS NULL OR g.shared = $3)";
static const char OF_PERSON[] =
	"FROM (SELECT * FROM goal g WHERE g.person_id = ANY (ARRAY(SELECT s.id FROM person s WHERE s.id = $2::uuid OR s.human = $2::uuid))"
	"  OFFSET 0) AS g" GOAL_JOINS " WHERE (g.shared OR h.id = $1::uuid) AND ($3::bool IS NULL OR g.shared = $3)";

enum skd_outcome store_goal_list(struct skd_call *call, const struct sight *sight, const struct store_goal_filter *f,
				 struct list *list, struct store_goal **goals, size_t *count)
{
	static const struct list_order orders[] = {{"created_at", "g.created_at", "timestamptz"},
						   {"due", "coalesce(g.due, 'infinity')", "date"}, {NULL, NULL, NULL}};
	struct rows *rows;
	const char *shared = f->only_shared ? "t" : f->only_unshared ? "f" : NULL;
	const char *where = f->person ? OF_PERSON : sight->everyone ? OF_EVERYONE : OF_SEEN;
	TRY(list_query(call, list, orders, GOAL_COLUMNS, where, "g.id", ARGS(sight->self, f->person, shared),
		       &rows, count));
	*goals = talloc_zero_array(call, struct store_goal, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		goal_read(rows, i, &(*goals)[i]);
	return SKD_OK;
}

static const char GOAL_ADD[] =
	"INSERT INTO goal (person_id, position_id, pathway_id, skill_id, level, due, note, shared)"
	" VALUES ($1::uuid, $2::uuid, $3::uuid, $4::uuid, $5::int, $6::date, $7, $8::bool) RETURNING id";

enum skd_outcome store_goal_add(struct skd_call *call, const struct store_goal *g, const char **id)
{
	struct rows *rows;
	TRY(db_query(call, GOAL_ADD,
		     ARGS(g->entry_id, g->position_id, g->pathway_id, g->skill_id, g->skill_id ? arg_int(call, g->level) : NULL, g->due, g->note,
			  arg_bool(g->shared)),
		     &rows));
	*id = row_uuid(rows, 0, 0);
	return SKD_OK;
}

static const char GOAL_SET[] =
	"UPDATE goal SET level = $3::int, due = $4::date, note = $5, shared = $6::bool, version = version + 1, updated_at = now()"
	" WHERE id = $1::uuid AND version = $2::bigint";

enum skd_outcome store_goal_set(struct skd_call *call, const struct store_goal *g)
{
	int64_t touched;
	TRY(db_run(call, GOAL_SET,
		   ARGS(g->id, arg_int(call, g->version), g->skill_id ? arg_int(call, g->level) : NULL, g->due, g->note, arg_bool(g->shared)), &touched));
	return touched ? SKD_OK : fail(call, SKD_STALE, "the goal was changed since you read it: read it again");
}

static const char GOAL_DROP[] = "DELETE FROM goal WHERE id = $1::uuid AND version = $2::bigint";

enum skd_outcome store_goal_drop(struct skd_call *call, const char *id, long version)
{
	int64_t touched;
	TRY(db_run(call, GOAL_DROP, ARGS(id, arg_int(call, version)), &touched));
	return touched ? SKD_OK : fail(call, SKD_STALE, "the goal was changed since you read it: read it again");
}

static const char PATHWAY_IS[] = "SELECT 1 FROM pathway_version WHERE pathway_id = $1::uuid AND state = 'published' LIMIT 1";

enum skd_outcome store_goal_pathway(struct skd_call *call, const char *id)
{
	struct rows *rows;
	TRY(db_query(call, PATHWAY_IS, ARGS(id), &rows));
	return rows_count(rows) ? SKD_OK : fail(call, SKD_ABSENT, "there is no such pathway that is published");
}
