/* SPDX-License-Identifier: Apache-2.0
 * Turns. */
#include "store/offer.h"

static const char OFFER_BEGIN[] = "SELECT pg_advisory_xact_lock(hashtext('review'), 0)";

enum skd_outcome store_offer_begin(struct skd_call *call)
{
	return db_run(call, OFFER_BEGIN, NO_ARGS, NULL);
}

/* Whether somebody may have it is asked in the order of turns, and no further than the first who may. */
static const char OFFER_NEXT[] =
	"SELECT w.id, w.had FROM (SELECT a.id, EXISTS (SELECT FROM review_past b WHERE b.review_id = r.id AND b.person_id = a.id) AS had"
	"  FROM review r JOIN submission s ON s.id = r.submission_id"
	"  CROSS JOIN LATERAL assessors_for(s.achievement_id, s.achievement_number) AS a (id) WHERE r.id = $1::uuid"
	"  ORDER BY had, (SELECT count(*) FROM review o WHERE o.assessor_id = a.id AND o.state = 'claimed')"
	"   + (SELECT count(*) FROM review o WHERE o.offered_to = a.id),"
	"  greatest((SELECT max(o.claimed_at) FROM review o WHERE o.assessor_id = a.id), (SELECT max(o.offered_at) FROM review o"
	"   WHERE o.offered_to = a.id), (SELECT max(b.at) FROM review_past b WHERE b.person_id = a.id)) NULLS FIRST, a.id OFFSET 0) AS w"
	" WHERE may_judge($1::uuid, w.id) LIMIT 1";

enum skd_outcome store_offer_next(struct skd_call *call, const char *review_id, const char **person_id, bool *any)
{
	struct rows *rows;
	TRY(db_query(call, OFFER_NEXT, ARGS(review_id), &rows));
	*any = rows_count(rows);
	*person_id = *any && !row_bool(rows, 0, 1) ? row_uuid(rows, 0, 0) : NULL;
	return SKD_OK;
}

static const char OFFER_MAKE[] =
	"UPDATE review SET offered_to = $2::uuid, offered_at = now(), lease_until = now() + $3::bigint * interval '1 ms', reminded = NULL,"
	" version = version + 1 WHERE id = $1::uuid AND state = 'open'";

enum skd_outcome store_offer_make(struct skd_call *call, const char *review_id, const char *person_id, long lease_ms)
{
	return db_run(call, OFFER_MAKE, ARGS(review_id, person_id, arg_int(call, lease_ms)), NULL);
}

/* Who may judge is found once for each version. */
static const char OFFER_DUE[] =
	"WITH waiting AS MATERIALIZED (SELECT r.id, r.submission_id, coalesce(r.assessor_id, r.offered_to) AS person, r.lease_until,"
	"   s.achievement_id, s.achievement_number FROM review r JOIN submission s ON s.id = r.submission_id"
	"   WHERE r.state IN ('open', 'claimed') AND ($1::uuid IS NULL OR r.id = $1::uuid)),"
	" able AS MATERIALIZED (SELECT v.achievement_id, v.achievement_number, a.id"
	"   FROM (SELECT DISTINCT achievement_id, achievement_number FROM waiting) AS v"
	"   CROSS JOIN LATERAL assessors_for(v.achievement_id, v.achievement_number) AS a (id)),"
	" judged AS (SELECT w.*, CASE WHEN w.person IS NULL THEN NULL WHEN w.lease_until < now() THEN 'late'"
	"   WHEN NOT EXISTS (SELECT FROM able a WHERE a.id = w.person AND a.achievement_id = w.achievement_id"
	"    AND a.achievement_number = w.achievement_number) OR NOT may_judge(w.id, w.person) THEN 'not_eligible' END AS why FROM waiting w)"
	" SELECT j.id, j.submission_id, j.person, j.why FROM judged j WHERE j.why IS NOT NULL"
	"  OR (j.person IS NULL AND EXISTS (SELECT FROM able a WHERE a.achievement_id = j.achievement_id"
	"   AND a.achievement_number = j.achievement_number AND may_judge(j.id, a.id)"
	"   AND NOT EXISTS (SELECT FROM review_past b WHERE b.review_id = j.id AND b.person_id = a.id)))"
	" ORDER BY j.id LIMIT $2::bigint";

enum skd_outcome store_offer_due(struct skd_call *call, const char *review_id, long most, struct store_turn **turns, size_t *count)
{
	struct rows *rows;
	TRY(db_query(call, OFFER_DUE, ARGS(review_id, arg_int(call, most)), &rows));
	*count = (size_t)rows_count(rows);
	*turns = talloc_zero_array(call, struct store_turn, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		(*turns)[i] = (struct store_turn){row_uuid(rows, i, 0), row_uuid(rows, i, 1), row_uuid(rows, i, 2), row_text(rows, i, 3)};
	return SKD_OK;
}

/* The latest that has come, and none before one that was said. */
#define STAGES "'{half_time,due_soon,overdue}'::text[]"
static const char OFFER_REMIND[] =
	"UPDATE review u SET reminded = n.stage FROM (SELECT r.id, s.due_at, g.stage FROM review r JOIN submission s ON s.id = r.submission_id"
	"  CROSS JOIN LATERAL (SELECT s.submitted_at + (s.due_at - s.submitted_at) / 2 AS half) AS h"
	"  CROSS JOIN LATERAL (SELECT CASE WHEN s.due_at <= now() THEN 'overdue'"
	"   WHEN greatest(s.due_at - interval '1 day', h.half) <= now() THEN 'due_soon' WHEN h.half <= now() THEN 'half_time' END AS stage) AS g"
	"  WHERE r.state IN ('open', 'claimed')"
	"  AND coalesce(array_position(" STAGES ", r.reminded), 0) < array_position(" STAGES ", g.stage)"
	"  ORDER BY r.id LIMIT 500 FOR NO KEY UPDATE OF r SKIP LOCKED) AS n"
	" WHERE u.id = n.id RETURNING u.id, coalesce(u.assessor_id, u.offered_to), n.stage, n.due_at";

enum skd_outcome store_offer_remind(struct skd_call *call, struct store_reminder **reminders, size_t *count)
{
	struct rows *rows;
	TRY(db_query(call, OFFER_REMIND, NO_ARGS, &rows));
	*count = (size_t)rows_count(rows);
	*reminders = talloc_zero_array(call, struct store_reminder, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		(*reminders)[i] = (struct store_reminder){
			row_uuid(rows, i, 0), row_uuid(rows, i, 1), row_text(rows, i, 2), row_time(rows, i, 3)};
	return SKD_OK;
}

/* ---- groups ---- */

static const char GROUPS_DROP[] = "DELETE FROM assessor_group WHERE achievement_id = $1::uuid AND number = $2::int";
static const char GROUPS_ADD[] =
	"INSERT INTO assessor_group (achievement_id, number, source, key) SELECT DISTINCT $1::uuid, $2::int, g.source, g.key"
	" FROM unnest($3::text[], $4::text[]) AS g (source, key) ON CONFLICT DO NOTHING";
static const char GROUPS_SAME[] =
	"SELECT coalesce((SELECT array_agg(DISTINCT g.source || ' ' || g.key) FROM unnest($3::text[], $4::text[]) AS g (source, key)), '{}')"
	" IS NOT DISTINCT FROM coalesce((SELECT array_agg(DISTINCT x.source || ' ' || x.key) FROM assessor_group x"
	"  WHERE x.achievement_id = $1::uuid AND x.number = $2::int), '{}')";

enum skd_outcome store_assessor_groups_put(struct skd_call *call, const char *achievement_id, int64_t number, size_t count,
					   const char *const *sources, const char *const *keys)
{
	struct args args = ARGS(achievement_id, arg_int(call, number), arg_array(call, count, sources), arg_array(call, count, keys));
	struct rows *rows;
	TRY(db_query(call, GROUPS_SAME, args, &rows));
	if (row_bool(rows, 0, 0))
		return SKD_OK;
	TRY(db_run(call, GROUPS_DROP, ARGS(args.values[0], args.values[1]), NULL));
	return db_run(call, GROUPS_ADD, args, NULL);
}

static const char ASSESSED_LIST[] =
	"SELECT DISTINCT s.achievement_id, s.achievement_number FROM review r JOIN submission s ON s.id = r.submission_id"
	" WHERE r.state IN ('open', 'claimed') ORDER BY 1, 2";

enum skd_outcome store_assessed_list(struct skd_call *call, struct store_assessed **versions, size_t *count)
{
	struct rows *rows;
	TRY(db_query(call, ASSESSED_LIST, NO_ARGS, &rows));
	*count = (size_t)rows_count(rows);
	*versions = talloc_zero_array(call, struct store_assessed, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		(*versions)[i] = (struct store_assessed){row_uuid(rows, i, 0), row_int(rows, i, 1)};
	return SKD_OK;
}
