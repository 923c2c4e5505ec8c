/* SPDX-License-Identifier: Apache-2.0
 * Where people stand on pathways. */
#include "store/standing.h"

#include "store/enrolment.h"

enum { NEWS = 2000, DUE = 500 };

/* ---- what was kept ---- */

#define LOCKED                                                                                                           \
	"WITH locked AS MATERIALIZED (SELECT e.id, e.person_id, e.pathway_id, e.number, e.state, e.percent, e.done, e.needed," \
	"  " ENROLMENT_REACHED " AS reached, e.created_at, e.completed_at, e.due_at FROM enrolment e WHERE "
#define STANDING                                                                                                         \
	" FOR NO KEY UPDATE), stand AS MATERIALIZED (SELECT p.pathway_id, p.number, s.number AS stands, s.until, s.newest FROM"       \
	"  (SELECT DISTINCT pathway_id, number FROM locked) AS p CROSS JOIN LATERAL pathway_stand(p.pathway_id, p.number) AS s)" \
	" SELECT l.id, l.person_id, l.pathway_id, l.number, l.state, l.percent, l.done, l.needed, l.reached, l.created_at," \
	"  l.completed_at, l.due_at, s.stands, s.until, s.newest FROM locked l JOIN stand s USING (pathway_id, number)" \
	" ORDER BY l.pathway_id, CASE l.state WHEN 'completed' THEN l.number ELSE s.stands END"

static void standings_read(struct skd_call *call, const struct rows *rows, struct store_standing **standings, size_t *count)
{
	*count = (size_t)rows_count(rows);
	*standings = talloc_zero_array(call, struct store_standing, *count + 1);
	for (int i = 0; i < (int)*count; i++) {
		struct store_standing *s = &(*standings)[i];
		*s = (struct store_standing){
			.id = row_uuid(rows, i, 0), .person_id = row_uuid(rows, i, 1), .pathway_id = row_uuid(rows, i, 2),
			.number = (long)row_int(rows, i, 3), .state = row_text(rows, i, 4), .percent = (long)row_int(rows, i, 5),
			.done = (long)row_int(rows, i, 6), .needed = (long)row_int(rows, i, 7), .created_at = row_time(rows, i, 9),
			.completed_at = row_time(rows, i, 10), .due_at = row_time(rows, i, 11), .stands = (long)row_int(rows, i, 12),
			.until = row_time(rows, i, 13), .newest = (long)row_int(rows, i, 14)};
		s->reached = row_texts(rows, i, 8, &s->reached_count);
	}
}

static const char OF_PEOPLE[] = LOCKED "e.person_id = ANY ($1::uuid[]) AND e.state <> 'left' ORDER BY e.id" STANDING;

enum skd_outcome store_standing_people(struct skd_call *call, size_t count, const char *const *people,
				       struct store_standing **standings, size_t *found)
{
	struct rows *rows;
	TRY(db_query(call, OF_PEOPLE, ARGS(arg_array(call, count, people)), &rows));
	standings_read(call, rows, standings, found);
	return SKD_OK;
}

#define BEHIND "e.pathway_id = $1::uuid AND e.looked < $2::int AND e.state IN ('invited', 'active', 'paused')"
static const char OF_PATHWAY[] =
	LOCKED "e.id IN (SELECT e.id FROM enrolment e WHERE " BEHIND " ORDER BY e.looked, e.id LIMIT $3::int) AND " BEHIND " ORDER BY e.id" STANDING;

enum skd_outcome store_standing_pathway(struct skd_call *call, const char *pathway_id, long newest, long most,
					struct store_standing **standings, size_t *found)
{
	struct rows *rows;
	TRY(db_query(call, OF_PATHWAY, ARGS(pathway_id, arg_int(call, newest), arg_int(call, most)), &rows));
	standings_read(call, rows, standings, found);
	return SKD_OK;
}

static const char LEFT[] = "SELECT count(*) FROM enrolment e WHERE " BEHIND;

enum skd_outcome store_standing_left(struct skd_call *call, const char *pathway_id, long newest, int64_t *left)
{
	struct rows *rows;
	TRY(db_query(call, LEFT, ARGS(pathway_id, arg_int(call, newest)), &rows));
	*left = row_int(rows, 0, 0);
	return SKD_OK;
}

/* ---- what is so ---- */

/* Of whom, of what, since when, in per cent, and when that changes. What somebody has is read once, however many nodes there are. Skills
 * that the award of the pathway itself proves are no step towards it: what it stands on could be lost, and nothing would follow. */
static const char FACTS[] =
	"WITH who AS (SELECT w.id, w.n::int - 1 AS n FROM unnest($1::uuid[]) WITH ORDINALITY AS w (id, n)),"
	" node AS (SELECT * FROM unnest($2::int[], $3::text[], $4::uuid[], $5::int[], $6::text[]) AS n (place, kind, ref, level, node)),"
	" earned AS MATERIALIZED (SELECT w.n, c.achievement_id, c.valid_from, c.expires_at FROM who w"
	"  JOIN credential c ON c.person_id = w.id AND c.state = 'active' AND c.expires_at > now()"
	"  WHERE EXISTS (SELECT FROM node WHERE kind = 'achievement')),"
	" own AS MATERIALIZED (SELECT DISTINCT credential_now(e.credential_id) AS id FROM who w"
	"  JOIN enrolment e ON e.person_id = w.id AND e.pathway_id = $7::uuid AND e.credential_id IS NOT NULL),"
	" can AS MATERIALIZED (SELECT w.n, f.skill_id, f.level, f.valid_from, f.valid_to FROM who w"
	"  JOIN proof f ON f.person_id = w.id AND f.known_to = 'infinity' AND f.valid_to > now()"
	"  WHERE EXISTS (SELECT FROM node WHERE kind = 'skill') AND NOT EXISTS (SELECT FROM own o WHERE o.id = f.credential_id))"
	" SELECT c.n, n.place, min(c.valid_from) FILTER (WHERE c.valid_from <= now()), 0,"
	"  min(CASE WHEN c.valid_from > now() THEN c.valid_from ELSE c.expires_at END) FROM earned c"
	"  JOIN node n ON n.kind = 'achievement' AND n.ref = c.achievement_id GROUP BY c.n, n.place"
	" UNION ALL SELECT f.n, n.place, min(f.valid_from) FILTER (WHERE f.valid_from <= now()), 0,"
	"  min(CASE WHEN f.valid_from > now() THEN f.valid_from ELSE f.valid_to END) FROM can f"
	"  JOIN node n ON n.kind = 'skill' AND n.ref = f.skill_id AND n.level <= f.level GROUP BY f.n, n.place"
	" UNION ALL SELECT w.n, n.place, CASE WHEN e.state = 'completed' THEN e.completed_at END, e.percent, 'infinity' FROM node n"
	"  CROSS JOIN who w JOIN enrolment e ON e.person_id = w.id AND e.pathway_id = n.ref AND e.state <> 'left' WHERE n.kind = 'pathway'"
	" UNION ALL SELECT w.n, n.place, min(o.decided_at), 0, 'infinity' FROM node n CROSS JOIN who w"
	"  JOIN enrolment e ON e.person_id = w.id AND e.pathway_id = $7::uuid"
	"  JOIN outside_proof o ON o.enrolment_id = e.id AND o.node = n.node AND o.state = 'accepted'"
	"  WHERE n.kind = 'proof' GROUP BY w.n, n.place";

/* The nodes, but for groups, as arrays from args.values[1] on. */
static void nodes_say(struct skd_call *call, const struct graph *graph, const char **values)
{
	enum { PLACE, KIND, REF, LEVEL, NODE, COLUMNS };
	const char **columns[COLUMNS];
	size_t count = 0;
	for (int k = 0; k < COLUMNS; k++)
		columns[k] = talloc_array(call, const char *, graph->count + 1);
	for (size_t i = 0; i < graph->count; i++) {
		const struct graph_node *node = &graph->nodes[i];
		if (node->kind == GRAPH_GROUP)
			continue;
		columns[PLACE][count] = arg_int(call, (int64_t)i);
		columns[KIND][count] = graph_kinds[node->kind];
		columns[REF][count] = node->ref ? node->ref : "00000000-0000-0000-0000-000000000000";
		columns[LEVEL][count] = arg_int(call, node->level);
		columns[NODE][count++] = node->id;
	}
	for (int k = 0; k < COLUMNS; k++)
		values[k] = arg_array(call, count, columns[k]);
}

enum skd_outcome store_facts(struct skd_call *call, const char *pathway_id, const struct graph *graph, size_t count,
			     const char *const *people, struct graph_fact *facts, int64_t *changes)
{
	const char *values[7] = {arg_array(call, count, people)};
	struct rows *rows;
	nodes_say(call, graph, values + 1);
	values[6] = pathway_id;
	for (size_t i = 0; i < count; i++)
		changes[i] = TIME_NEVER;
	TRY(db_query(call, FACTS, (struct args){values, 7}, &rows));
	for (int i = 0; i < rows_count(rows); i++) {
		size_t who = (size_t)row_int(rows, i, 0);
		int64_t since = row_time(rows, i, 2), change = row_time(rows, i, 4);
		facts[who * graph->count + (size_t)row_int(rows, i, 1)] =
			(struct graph_fact){.met = since != TIME_NEVER, .since = since, .percent = (long)row_int(rows, i, 3)};
		if (change < changes[who])
			changes[who] = change;
	}
	talloc_free(rows);
	return SKD_OK;
}

/* Whether it is issued is as in credential_earnable(). */
static const char FACTS_GONE[] =
	"SELECT n.place FROM unnest($2::int[], $3::text[], $4::uuid[]) AS n (place, kind, ref) WHERE CASE n.kind WHEN 'pathway' THEN"
	"  pathway_current(n.ref) IS NULL AND NOT EXISTS (SELECT FROM enrolment e WHERE e.person_id = $1::uuid AND e.pathway_id = n.ref"
	"   AND e.state <> 'left')"
	" ELSE NOT EXISTS (SELECT FROM achievement a JOIN issuer i ON i.id = a.issuer_id AND (i.state = 'active' OR i.key = 'company')"
	"   WHERE a.id = n.ref AND (SELECT v.state FROM achievement_version v WHERE v.achievement_id = a.id AND v.state IN ('published', 'archived')"
	"    ORDER BY v.number DESC LIMIT 1) = 'published')"
	"  AND NOT EXISTS (SELECT FROM credential c WHERE c.person_id = $1::uuid AND c.achievement_id = n.ref"
	"   AND c.state IN ('active', 'suspended') AND c.expires_at > now()) END";

enum skd_outcome store_facts_gone(struct skd_call *call, const char *person_id, const struct graph *graph, struct graph_fact *facts)
{
	const char **places = talloc_array(call, const char *, graph->count + 1), **kinds = talloc_array(call, const char *, graph->count + 1),
		   **refs = talloc_array(call, const char *, graph->count + 1);
	struct rows *rows;
	size_t count = 0;
	for (size_t i = 0; i < graph->count; i++) {
		const struct graph_node *node = &graph->nodes[i];
		if (facts[i].met || (node->kind != GRAPH_ACHIEVEMENT && node->kind != GRAPH_PATHWAY))
			continue;
		places[count] = arg_int(call, (int64_t)i);
		kinds[count] = graph_kinds[node->kind];
		refs[count++] = node->ref;
	}
	if (!count)
		return SKD_OK;
	TRY(db_query(call, FACTS_GONE,
		     ARGS(person_id, arg_array(call, count, places), arg_array(call, count, kinds), arg_array(call, count, refs)), &rows));
	for (int i = 0; i < rows_count(rows); i++)
		facts[row_int(rows, i, 0)].gone = true;
	return SKD_OK;
}

/* ---- what has become of it ---- */

static const char STANDING_PUT[] =
	"UPDATE enrolment e SET number = u.number, looked = u.looked, state = u.state, percent = u.percent, done = u.done, needed = u.needed,"
	" completed_at = nullif(u.completed_at, 'infinity'), due_at = u.due_at, owed_at = CASE WHEN u.owed THEN now() ELSE e.owed_at END,"
	" version = e.version + u.changed::int, updated_at = CASE WHEN u.changed THEN now() ELSE e.updated_at END"
	" FROM unnest($1::uuid[], $2::int[], $3::int[], $4::text[], $5::int[], $6::int[], $7::int[], $8::timestamptz[], $9::timestamptz[],"
	"  $10::bool[], $11::bool[]) AS u (id, number, looked, state, percent, done, needed, completed_at, due_at, owed, changed)"
	" WHERE e.id = u.id";
static const char EVENTS_PUT[] =
	"INSERT INTO enrolment_event (enrolment_id, number, kind, who) SELECT u.id, u.number, u.kind, who.id"
	" FROM unnest($1::uuid[], $2::int[], $3::text[]) AS u (id, number, kind), (SELECT who_is($4, $5::uuid, NULL) AS id OFFSET 0) AS who";

enum { ID, NUMBER, LOOKED, STATE, PERCENT, DONE, NEEDED, COMPLETED, DUE_AT, OWED, CHANGED, TURN_COLUMNS };

static void turn_say(struct skd_call *call, const struct store_standing_turn *turn, size_t i, const char ***columns)
{
	const struct store_standing *now = &turn->now;
	columns[ID][i] = now->id;
	columns[NUMBER][i] = arg_int(call, now->number);
	columns[LOOKED][i] = arg_int(call, now->newest);
	columns[STATE][i] = now->state;
	columns[PERCENT][i] = arg_int(call, now->percent);
	columns[DONE][i] = arg_int(call, now->done);
	columns[NEEDED][i] = arg_int(call, now->needed);
	columns[COMPLETED][i] = arg_time(call, now->completed_at);
	columns[DUE_AT][i] = arg_time(call, now->due_at);
	columns[OWED][i] = arg_bool(turn->owed);
	columns[CHANGED][i] = arg_bool(turn->changed);
}

static enum skd_outcome events_put(struct skd_call *call, size_t count, const struct store_standing_turn *turns, const char *account,
				   const char *account_id)
{
	const char **ids = talloc_array(call, const char *, count + 1), **numbers = talloc_array(call, const char *, count + 1),
		   **kinds = talloc_array(call, const char *, count + 1);
	size_t told = 0;
	for (size_t i = 0; i < count; i++) {
		if (!turns[i].event)
			continue;
		ids[told] = turns[i].now.id;
		numbers[told] = arg_int(call, turns[i].now.number);
		kinds[told++] = turns[i].event;
	}
	if (!told)
		return SKD_OK;
	return db_run(call, EVENTS_PUT, ARGS(arg_array(call, told, ids), arg_array(call, told, numbers), arg_array(call, told, kinds), account,
					     account_id), NULL);
}

enum skd_outcome store_standing_put(struct skd_call *call, size_t count, const struct store_standing_turn *turns, const char *account,
				    const char *account_id)
{
	const char **columns[TURN_COLUMNS], *values[TURN_COLUMNS];
	if (!count)
		return SKD_OK;
	for (int k = 0; k < TURN_COLUMNS; k++)
		columns[k] = talloc_array(call, const char *, count + 1);
	for (size_t i = 0; i < count; i++)
		turn_say(call, &turns[i], i, columns);
	for (int k = 0; k < TURN_COLUMNS; k++)
		values[k] = arg_array(call, count, columns[k]);
	TRY(db_run(call, STANDING_PUT, (struct args){values, TURN_COLUMNS}, NULL));
	return events_put(call, count, turns, account, account_id);
}

/* ---- whose is to be computed ---- */

static void people_read(struct skd_call *call, const struct rows *rows, const char *const **people, size_t *count)
{
	const char **ids = talloc_array(call, const char *, (size_t)rows_count(rows) + 1);
	*count = (size_t)rows_count(rows);
	for (int i = 0; i < (int)*count; i++)
		ids[i] = row_uuid(rows, i, 0);
	*people = ids;
}

static const char STALE[] =
	"SELECT w.id FROM (SELECT DISTINCT id FROM unnest($1::uuid[]) AS w (id)) AS w WHERE EXISTS (SELECT FROM enrolment e"
	"  WHERE e.person_id = w.id AND e.state <> 'left' AND (e.due_at <= now() OR EXISTS (SELECT FROM enrolment_news n WHERE n.person_id = w.id)"
	"   OR (e.state <> 'completed' AND e.looked < pathway_newest(e.pathway_id))))";

enum skd_outcome store_standing_stale(struct skd_call *call, size_t count, const char *const *people, const char *const **stale,
				      size_t *stale_count)
{
	struct rows *rows;
	TRY(db_query(call, STALE, ARGS(arg_array(call, count, people)), &rows));
	people_read(call, rows, stale, stale_count);
	return SKD_OK;
}

static const char UNSETTLED[] =
	"SELECT DISTINCT e.person_id FROM enrolment e WHERE e.pathway_id = $1::uuid AND e.state = 'active'"
	" AND (e.due_at <= now() OR EXISTS (SELECT FROM enrolment_news n WHERE n.person_id = e.person_id))";

enum skd_outcome store_standing_unsettled(struct skd_call *call, const char *pathway_id, const char *const **people, size_t *count)
{
	struct rows *rows;
	TRY(db_query(call, UNSETTLED, ARGS(pathway_id), &rows));
	people_read(call, rows, people, count);
	return SKD_OK;
}

static const char NEWS_DROP[] =
	"DELETE FROM enrolment_news WHERE id IN (SELECT id FROM enrolment_news WHERE person_id = ANY ($1::uuid[]) ORDER BY id FOR UPDATE)";

enum skd_outcome store_news_drop(struct skd_call *call, size_t count, const char *const *people)
{
	return db_run(call, NEWS_DROP, ARGS(arg_array(call, count, people)), NULL);
}

static const char NEWS_FIND[] =
	"WITH turn AS MATERIALIZED (SELECT pg_try_advisory_xact_lock(hashtext('standing'), 0) AS mine)"
	" SELECT DISTINCT n.person_id FROM (SELECT person_id FROM enrolment_news WHERE (SELECT mine FROM turn) ORDER BY id LIMIT $1::int) AS n";

enum skd_outcome store_news_find(struct skd_call *call, const char *const **people, size_t *count)
{
	struct rows *rows;
	TRY(db_query(call, NEWS_FIND, ARGS(arg_int(call, NEWS)), &rows));
	people_read(call, rows, people, count);
	return SKD_OK;
}

static const char STANDING_DUE[] =
	"SELECT DISTINCT d.person_id FROM (SELECT person_id FROM enrolment WHERE due_at <= now() AND due_at < 'infinity' AND state <> 'left'"
	"  ORDER BY due_at LIMIT $1::int) AS d";

enum skd_outcome store_standing_due(struct skd_call *call, const char *const **people, size_t *count)
{
	struct rows *rows;
	TRY(db_query(call, STANDING_DUE, ARGS(arg_int(call, DUE)), &rows));
	people_read(call, rows, people, count);
	return SKD_OK;
}
