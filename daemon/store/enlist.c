/* SPDX-License-Identifier: Apache-2.0
 * Who is put on pathways by rules, and who is not any more. */
#include "store/enlist.h"

enum { NEWS = 1000 };

static const char SPREAD[] =
	"WITH taken AS (DELETE FROM rule_news WHERE id IN (SELECT id FROM rule_news WHERE person_id IS NULL ORDER BY id FOR UPDATE SKIP LOCKED)"
	"  RETURNING about),"
	" rule AS (SELECT r.id FROM pathway_rule r WHERE EXISTS (SELECT FROM taken WHERE about IS NULL)"
	"  UNION SELECT r.id FROM taken t JOIN pathway_rule r ON t.about IN (r.id, r.position_id, r.pathway_id)),"
	" spread AS (INSERT INTO rule_news (person_id) SELECT rule_entries(id) FROM rule"
	"  UNION SELECT e.person_id FROM rule r JOIN enrolment e ON e.rule_id = r.id AND e.state IN ('active', 'paused'))"
	" SELECT EXISTS (SELECT FROM taken)";

enum skd_outcome store_enlist_spread(struct skd_call *call, bool *found)
{
	struct rows *rows;
	TRY(db_query(call, SPREAD, NO_ARGS, &rows));
	*found = row_bool(rows, 0, 0);
	return SKD_OK;
}

static const char TAKE[] =
	"WITH taken AS (DELETE FROM rule_news WHERE id IN"
	"  (SELECT id FROM rule_news WHERE person_id IS NOT NULL ORDER BY id LIMIT $1::int FOR UPDATE SKIP LOCKED) RETURNING person_id)"
	" SELECT DISTINCT coalesce(p.human, p.id), (SELECT count(*) FROM taken) FROM taken t LEFT JOIN person p ON p.id = t.person_id";
/* Where somebody begins nobody publishes meanwhile. */
static const char PATHWAYS_HOLD[] =
	"SELECT 1 FROM pathway WHERE id IN (SELECT pathway_id FROM pathway_rule) ORDER BY id FOR SHARE";
/* Who is being written just now is looked at later. */
#define ENTRIES "(e.id = ANY ($1::uuid[]) OR e.human = ANY ($1::uuid[]))"
static const char HOLD[] =
	"WITH held AS MATERIALIZED (SELECT e.id, coalesce(e.human, e.id) AS human FROM person e WHERE " ENTRIES " FOR SHARE SKIP LOCKED),"
	" late AS (SELECT DISTINCT coalesce(e.human, e.id) AS id FROM person e WHERE " ENTRIES " AND e.id NOT IN (SELECT id FROM held)),"
	" again AS (INSERT INTO rule_news (person_id) SELECT id FROM late)"
	" SELECT DISTINCT human FROM held WHERE human NOT IN (SELECT id FROM late)";

static void people_read(struct skd_call *call, const struct rows *rows, const char *const **people, size_t *count)
{
	const char **ids = talloc_array(call, const char *, (size_t)rows_count(rows) + 1);
	*count = 0;
	for (int i = 0; i < rows_count(rows); i++)
		if (!row_null(rows, i, 0))
			ids[(*count)++] = row_uuid(rows, i, 0);
	*people = ids;
}

enum skd_outcome store_enlist_take(struct skd_call *call, const char *const **people, size_t *count, bool *more)
{
	struct rows *rows;
	TRY(db_query(call, TAKE, ARGS(arg_int(call, NEWS)), &rows));
	*more = rows_count(rows) && row_int(rows, 0, 1) == NEWS;
	people_read(call, rows, people, count);
	if (!*count)
		return SKD_OK;
	TRY(db_run(call, PATHWAYS_HOLD, NO_ARGS, NULL));
	TRY(db_query(call, HOLD, ARGS(arg_array(call, *count, *people)), &rows));
	people_read(call, rows, people, count);
	*more = *more && *count;
	return SKD_OK;
}

static void turns_read(struct skd_call *call, const struct rows *rows, struct store_enlisted **turns, size_t *count)
{
	*count = (size_t)rows_count(rows);
	*turns = talloc_zero_array(call, struct store_enlisted, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		(*turns)[i] = (struct store_enlisted){row_uuid(rows, i, 0), row_uuid(rows, i, 1), row_text(rows, i, 2)};
}

#define BY_RULE "e.person_id = ANY ($1::uuid[]) AND e.rule_id IS NOT NULL AND e.state IN ('active', 'paused')"
/* Nobody is left who could accept it. */
#define INVITED_IN_VAIN                                                                                                  \
	"e.person_id = ANY ($1::uuid[]) AND e.state = 'invited' AND NOT EXISTS (SELECT FROM person p WHERE p.id = e.person_id AND p.absent_since IS NULL)" \
	" AND NOT EXISTS (SELECT FROM person p WHERE p.human = e.person_id AND p.absent_since IS NULL)"
static const char PART_HOLD[] =
	"SELECT 1 FROM enrolment e WHERE " BY_RULE " OR (" INVITED_IN_VAIN ") ORDER BY e.id FOR NO KEY UPDATE";
static const char PART[] =
	"WITH fit AS MATERIALIZED (SELECT person_id, pathway_id, rule_id FROM rules_taken($1::uuid[])),"
	" first AS (SELECT DISTINCT ON (person_id, pathway_id) * FROM fit ORDER BY person_id, pathway_id, rule_id),"
	" astray AS (SELECT e.id, f.rule_id FROM enrolment e LEFT JOIN first f ON f.person_id = e.person_id AND f.pathway_id = e.pathway_id"
	"  WHERE " BY_RULE " AND NOT EXISTS (SELECT FROM fit o WHERE o.person_id = e.person_id AND o.rule_id = e.rule_id)"
	"  UNION ALL SELECT e.id, NULL FROM enrolment e WHERE " INVITED_IN_VAIN ")"
	" UPDATE enrolment e SET rule_id = a.rule_id, state = CASE WHEN a.rule_id IS NULL THEN 'left' ELSE e.state END,"
	"  due_at = CASE WHEN a.rule_id IS NULL THEN 'infinity' ELSE e.due_at END, version = e.version + 1, updated_at = now()"
	" FROM astray a WHERE e.id = a.id RETURNING e.id, e.person_id, CASE WHEN a.rule_id IS NULL THEN 'ended' ELSE 'followed' END";

enum skd_outcome store_enlist_part(struct skd_call *call, size_t count, const char *const *people, struct store_enlisted **turns,
				   size_t *turned)
{
	struct args who = ARGS(arg_array(call, count, people));
	struct rows *rows;
	TRY(db_run(call, PART_HOLD, who, NULL));
	TRY(db_query_once(call, PART, who, &rows));
	turns_read(call, rows, turns, turned);
	return SKD_OK;
}

/* What follows of what they were on last may be under way. */
#define LAST                                                                                                             \
	"SELECT DISTINCT ON (b.person_id, b.pathway_id) b.* FROM enrolment b WHERE b.person_id = ANY ($1::uuid[])"      \
	" ORDER BY b.person_id, b.pathway_id, b.aside IS NOT NULL, b.created_at DESC, b.id DESC"
static const char BEFORE_HOLD[] =
	"SELECT 1 FROM enrolment e WHERE e.id IN (SELECT l.id FROM (" LAST ") AS l JOIN pathway_rule r ON r.pathway_id = l.pathway_id)"
	" AND e.state = 'left' ORDER BY e.id FOR NO KEY UPDATE";
/* What completing it gave them before, it need not give again. */
static const char ADD[] =
	"WITH mine AS MATERIALIZED (SELECT e.person_id, e.pathway_id, e.state FROM enrolment e WHERE e.person_id = ANY ($1::uuid[])), before AS (" LAST "),"
	" fit AS MATERIALIZED (SELECT DISTINCT ON (t.person_id, t.pathway_id) t.* FROM rules_taken($1::uuid[]) AS t WHERE NOT EXISTS"
	"   (SELECT FROM mine e WHERE e.person_id = t.person_id AND e.pathway_id = t.pathway_id AND e.state <> 'left')"
	"   ORDER BY t.person_id, t.pathway_id, t.rule_id),"
	" way AS MATERIALIZED (SELECT w.id, pathway_current(w.id) AS number FROM (SELECT DISTINCT pathway_id AS id FROM fit) AS w)"
	" INSERT INTO enrolment (person_id, entry_id, pathway_id, number, looked, state, via, until, rule_id, credential_id, awarded, held_back, reached)"
	" SELECT f.person_id, f.entry_id, f.pathway_id, v.number, v.number, 'active', 'rule', current_date + f.days, f.rule_id, b.credential_id, b.awarded,"
	"  coalesce(b.held_back, false), coalesce(b.reached, '{}') FROM fit f JOIN way v ON v.id = f.pathway_id AND v.number IS NOT NULL"
	" LEFT JOIN before b ON b.person_id = f.person_id AND b.pathway_id = f.pathway_id"
	" ON CONFLICT (person_id, pathway_id) WHERE state <> 'left' DO NOTHING RETURNING id, person_id, 'enrolled'";

enum skd_outcome store_enlist_add(struct skd_call *call, size_t count, const char *const *people, struct store_enlisted **turns,
				  size_t *turned)
{
	struct args who = ARGS(arg_array(call, count, people));
	struct rows *rows;
	TRY(db_run(call, BEFORE_HOLD, who, NULL));
	TRY(db_query_once(call, ADD, who, &rows));
	turns_read(call, rows, turns, turned);
	return SKD_OK;
}

static const char EVENTS[] =
	"INSERT INTO enrolment_event (enrolment_id, number, kind, who) SELECT e.id, e.number, n.kind, w.id"
	" FROM unnest($1::uuid[], $2::text[]) AS n (id, kind) JOIN enrolment e ON e.id = n.id"
	" CROSS JOIN (SELECT who_is($3, $4::uuid, NULL) AS id) AS w";

enum skd_outcome store_enlist_events(struct skd_call *call, size_t count, const struct store_enlisted *turns, const char *account,
				     const char *account_id)
{
	const char **ids = talloc_array(call, const char *, count + 1), **kinds = talloc_array(call, const char *, count + 1);
	for (size_t i = 0; i < count; i++) {
		ids[i] = turns[i].id;
		kinds[i] = turns[i].event;
	}
	return db_run(call, EVENTS, ARGS(arg_array(call, count, ids), arg_array(call, count, kinds), account, account_id), NULL);
}
