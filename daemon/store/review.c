/* SPDX-License-Identifier: Apache-2.0
 * Reviews. */
#include "store/review.h"

/* $1: whether who looks sees everyone, $2: who it is, $3: whether they see what is of those whom they issue for. */
#define REVIEW_COLUMNS                                                                                                     \
	"r.id, r.submission_id, s.achievement_id, s.achievement_number, v.name,"   \
	" r.round, r.place, r.state, o.id, o.name, a.id, a.name, CASE WHEN x.named THEN p.id END, CASE WHEN x.named THEN p.name END," \
	" l.submitted_at, CASE WHEN " IS_UNDER_WAY " THEN s.due_at END, " IS_UNDER_WAY " AND s.due_at < now(), r.lease_until,"    \
	" r.claimed_at, r.done_at, x.mine, x.told, CASE WHEN x.told THEN (r.points * 100)::bigint END,"                         \
	" CASE WHEN x.told THEN r.verdict END, CASE WHEN x.told THEN r.comment END, CASE WHEN x.told THEN r.scores END, r.version, r.created_at, s.renews IS NOT NULL"
#define IS_UNDER_WAY "r.state IN ('open', 'claimed')"
/* Whoever still judges in a round, and whose submission it is before it is decided, is not told what was said of it, whatever else
 * they see. */
#define REVIEW_FROM                                                                                                        \
	"FROM review r JOIN submission s ON s.id = r.submission_id JOIN person p ON p.id = s.person_id"                         \
	" JOIN achievement_version v ON v.achievement_id = s.achievement_id AND v.number = s.achievement_number"                \
	" JOIN submission_round l ON l.submission_id = r.submission_id AND l.round = r.round"                                   \
	" JOIN achievement h ON h.id = s.achievement_id LEFT JOIN person o ON o.id = r.offered_to LEFT JOIN person a ON a.id = r.assessor_id"                                 \
	" CROSS JOIN LATERAL (SELECT coalesce($2::uuid IN (r.assessor_id, r.offered_to), false) AS mine,"                       \
	"  $1::bool OR ($3::bool AND h.issuer_id IN (SELECT issuers_of($2::uuid))) AS whole,"                                   \
	"  (v.assessment->>'blind')::bool AS blind) AS y"                                                                       \
	" CROSS JOIN LATERAL (SELECT y.mine, y.whole,"                                                                          \
	"  CASE WHEN y.mine THEN NOT y.blind ELSE $1::bool AND (s.shared OR s.state = 'approved') END AS named,"                 \
	"  y.mine OR (y.whole AND (s.person_id IS DISTINCT FROM $2::uuid OR l.outcome IS NOT NULL) AND NOT EXISTS (SELECT FROM review m WHERE m.submission_id = r.submission_id AND m.round = r.round" \
	"   AND m.state IN ('open', 'claimed') AND $2::uuid IN (m.assessor_id, m.offered_to))) AS told) AS x"
#define IS_FREE "r.state = 'open' AND r.offered_to IS NULL AND may_judge(r.id, $2::uuid)"

static void review_read(const struct rows *rows, int i, struct store_review *r)
{
	*r = (struct store_review){
		.id = row_uuid(rows, i, 0), .submission_id = row_uuid(rows, i, 1), .achievement_id = row_uuid(rows, i, 2),
		.number = row_int(rows, i, 3), .achievement = row_text(rows, i, 4), .round = row_int(rows, i, 5),
		.place = row_int(rows, i, 6), .state = row_text(rows, i, 7), .offered_to_id = row_uuid(rows, i, 8),
		.offered_to = row_text(rows, i, 9), .assessor_id = row_uuid(rows, i, 10), .assessor = row_text(rows, i, 11),
		.person_id = row_uuid(rows, i, 12), .person = row_text(rows, i, 13), .submitted_at = row_time(rows, i, 14),
		.due_at = row_time(rows, i, 15), .overdue = row_bool(rows, i, 16), .lease_until = row_time(rows, i, 17),
		.claimed_at = row_time(rows, i, 18), .done_at = row_time(rows, i, 19), .mine = row_bool(rows, i, 20),
		.told = row_bool(rows, i, 21), .points = row_null(rows, i, 22) ? -1 : row_int(rows, i, 22),
		.verdict = row_text(rows, i, 23), .comment = row_text(rows, i, 24), .scores = row_json(rows, i, 25),
		.version = row_int(rows, i, 26),
		.created_at = row_time(rows, i, 27), .renews = row_bool(rows, i, 28)};
}

static const char REVIEW_GET[] =
	"SELECT " REVIEW_COLUMNS " " REVIEW_FROM " WHERE r.id = $4::uuid AND (x.whole OR x.mine OR (" IS_FREE
	" AND $2::uuid IN (SELECT assessors_for(s.achievement_id, s.achievement_number))))";

enum skd_outcome store_review_get(struct skd_call *call, const struct sight *sight, const char *id, struct store_review *review)
{
	struct rows *rows;
	TRY(db_query(call, REVIEW_GET, ARGS(arg_bool(sight->everyone), sight->self, arg_bool(sight->issued), id), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "there is no such review");
	review_read(rows, 0, review);
	return SKD_OK;
}

static const char *either(const bool *flag)
{
	return flag ? arg_bool(*flag) : NULL;
}

enum skd_outcome store_review_list(struct skd_call *call, const struct sight *sight, const struct store_review_filter *f,
				   struct list *list, struct store_review **reviews, size_t *count)
{
	static const struct list_order orders[] = {{"due_at", "coalesce(CASE WHEN " IS_UNDER_WAY " THEN s.due_at END, 'infinity')", "timestamptz"},
						   {"created_at", "r.created_at", "timestamptz"},
						   {NULL, NULL, NULL}};
	static const char where[] =
		REVIEW_FROM " WHERE (x.whole OR x.mine OR (" IS_FREE " AND (s.achievement_id, s.achievement_number) IN"
		"  (SELECT w.achievement_id, w.achievement_number FROM (SELECT DISTINCT t.achievement_id, t.achievement_number FROM review q"
		"    JOIN submission t ON t.id = q.submission_id WHERE q.state = 'open' AND q.offered_to IS NULL) AS w"
		"   WHERE $2::uuid IN (SELECT assessors_for(w.achievement_id, w.achievement_number)))))"
		" AND ($4::text IS NULL OR r.state = $4) AND ($5::bool IS NULL OR x.mine = $5)"
		" AND ($6::bool IS NULL OR coalesce(" IS_UNDER_WAY " AND s.due_at < now(), false) = $6)"
		" AND ($7::uuid IS NULL OR s.achievement_id = $7)";
	struct rows *rows;
	TRY(list_query(call, list, orders, REVIEW_COLUMNS, where, "r.id",
		       ARGS(arg_bool(sight->everyone), sight->self, arg_bool(sight->issued), f->state, either(f->mine), either(f->overdue), f->achievement),
		       &rows, count));
	*reviews = talloc_zero_array(call, struct store_review, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		review_read(rows, i, &(*reviews)[i]);
	return SKD_OK;
}

static const char REVIEW_SHEET[] =
	"SELECT (SELECT json_agg(json_strip_nulls(json_build_object('id', q.item->'id', 'kind', q.item->'kind', 'name', q.item->'name',"
	"   'description', q.item->'description')) ORDER BY q.n)"
	"  FROM json_array_elements(k.asked->'prompts') WITH ORDINALITY AS q (item, n)),"
	" l.answers, files_named(s.id, l.answers), l.quizzes,"
	" (SELECT coalesce(json_agg(c.item ORDER BY c.n), '[]') FROM json_array_elements(v.results) WITH ORDINALITY AS c (item, n)"
	"  WHERE c.item->>'result_type' = 'RubricCriterionLevel' AND NOT coalesce((k.asked->>'unscored')::bool, false)),"
	" (SELECT json_agg(json_strip_nulls(json_build_object('place', o.place, 'points', trim_scale(o.points), 'verdict', o.verdict,"
	"   'comment', o.comment, 'scores', o.scores)) ORDER BY o.place)"
	"  FROM review o WHERE o.submission_id = r.submission_id AND o.round = r.round AND o.id <> r.id AND o.state = 'done'"
	"  AND r.state = 'done'),"
	" (SELECT json_agg(json_build_object('person', json_build_object('id', b.person_id, 'name', n.name), 'why', b.why,"
	"   'claimed', b.claimed_at IS NOT NULL, 'at', rfc3339(b.at)) ORDER BY b.id)"
	"  FROM review_past b JOIN person n ON n.id = b.person_id WHERE b.review_id = r.id),"
	" coalesce(((k.asked->>'minimum')::numeric * 100)::bigint, -1)"
	" FROM review r JOIN submission s ON s.id = r.submission_id JOIN achievement_version v"
	" ON v.achievement_id = s.achievement_id AND v.number = s.achievement_number JOIN submission_round l"
	" ON l.submission_id = r.submission_id AND l.round = r.round CROSS JOIN LATERAL (SELECT CASE WHEN s.renews IS NULL"
	"  THEN v.assessment ELSE assessment_again(v.assessment, v.renewal) END AS asked) AS k WHERE r.id = $1::uuid";

enum skd_outcome store_review_sheet(struct skd_call *call, const char *id, struct store_review_sheet *sheet)
{
	struct rows *rows;
	TRY(db_query(call, REVIEW_SHEET, ARGS(id), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "there is no such review");
	*sheet = (struct store_review_sheet){
		.prompts = row_json(rows, 0, 0), .answers = row_json(rows, 0, 1), .files = row_json(rows, 0, 2),
		.quizzes = row_json(rows, 0, 3), .rubric = row_json(rows, 0, 4), .others = row_json(rows, 0, 5),
		.past = row_json(rows, 0, 6), .minimum = row_int(rows, 0, 7)};
	return SKD_OK;
}

/* ---- turning ---- */

static const char REVIEW_LOCK[] =
	"SELECT state, offered_to, assessor_id, scores, comment, version FROM review WHERE id = $1::uuid FOR NO KEY UPDATE";

enum skd_outcome store_review_lock(struct skd_call *call, struct store_review *r)
{
	struct rows *rows;
	TRY(db_query(call, REVIEW_LOCK, ARGS(r->id), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "there is no such review");
	r->state = row_text(rows, 0, 0);
	r->offered_to_id = row_uuid(rows, 0, 1);
	r->assessor_id = row_uuid(rows, 0, 2);
	r->scores = row_json(rows, 0, 3);
	r->comment = row_text(rows, 0, 4);
	r->version = row_int(rows, 0, 5);
	return SKD_OK;
}

static const char REVIEW_ADD[] =
	"WITH added AS (INSERT INTO review (submission_id, round, place) SELECT s.id, s.round, n"
	"  FROM submission s CROSS JOIN LATERAL (SELECT count(*) AS places FROM review r WHERE r.submission_id = s.id AND r.round = s.round) AS c"
	"  CROSS JOIN generate_series(c.places + 1, c.places + $2::int) AS n WHERE s.id = $1::uuid RETURNING id, place)"
	" SELECT array_agg(id::text ORDER BY place) FROM added";

enum skd_outcome store_review_add(struct skd_call *call, const char *submission_id, long count, const char *const **ids, size_t *added)
{
	struct rows *rows;
	TRY(db_query(call, REVIEW_ADD, ARGS(submission_id, arg_int(call, count)), &rows));
	*ids = row_texts(rows, 0, 0, added);
	return SKD_OK;
}

static const char REVIEW_ABLE[] =
	"SELECT $2::uuid IN (SELECT assessors_for(s.achievement_id, s.achievement_number)) AND may_judge(r.id, $2::uuid),"
	" EXISTS (SELECT FROM review_past b WHERE b.review_id = r.id AND b.person_id = $2::uuid)"
	" FROM review r JOIN submission s ON s.id = r.submission_id WHERE r.id = $1::uuid";

enum skd_outcome store_review_able(struct skd_call *call, const char *id, const char *person_id, struct store_able *able)
{
	struct rows *rows;
	*able = (struct store_able){0};
	TRY(db_query(call, REVIEW_ABLE, ARGS(id, person_id), &rows));
	if (rows_count(rows))
		*able = (struct store_able){row_bool(rows, 0, 0), row_bool(rows, 0, 1)};
	return SKD_OK;
}

static const char REVIEW_CLAIM[] =
	"UPDATE review r SET state = 'claimed', assessor_id = $2::uuid, entry_id = $3::uuid, offered_to = NULL, claimed_at = now(),"
	" lease_until = now() + $4::bigint * interval '1 ms', reminded = CASE WHEN r.offered_to = $2::uuid THEN r.reminded END,"
	" scores = coalesce(b.scores, '{}'), comment = b.comment, version = r.version + 1"
	" FROM (SELECT) AS one LEFT JOIN (SELECT scores, comment FROM review_past WHERE review_id = $1::uuid AND person_id = $2::uuid"
	"  ORDER BY id DESC LIMIT 1) AS b ON true WHERE r.id = $1::uuid";

enum skd_outcome store_review_claim(struct skd_call *call, const char *id, const char *person_id, const char *entry_id, long lease_ms)
{
	return db_run(call, REVIEW_CLAIM, ARGS(id, person_id, entry_id, arg_int(call, lease_ms)), NULL);
}

static const char REVIEW_SAVE[] =
	"UPDATE review SET scores = $4::json, comment = $5, lease_until = now() + $6::bigint * interval '1 ms', version = version + 1"
	" WHERE id = $1::uuid AND version = $2::int AND assessor_id = $3::uuid AND state = 'claimed'";

enum skd_outcome store_review_save(struct skd_call *call, const struct store_review *r, long lease_ms)
{
	int64_t touched;
	TRY(db_run(call, REVIEW_SAVE, ARGS(r->id, arg_int(call, r->version), r->assessor_id, r->scores, r->comment, arg_int(call, lease_ms)),
		   &touched));
	return touched ? SKD_OK : fail(call, SKD_STALE, "the review was changed since you read it: read it again");
}

static const char REVIEW_DONE[] =
	"UPDATE review SET state = 'done', verdict = $2, points = $3::bigint / 100.0, comment = $4, done_at = now(), lease_until = NULL,"
	" version = version + 1 WHERE id = $1::uuid";

enum skd_outcome store_review_done(struct skd_call *call, const struct store_review *r)
{
	return db_run(call, REVIEW_DONE, ARGS(r->id, r->verdict, arg_int(call, r->points), r->comment), NULL);
}

#define TO_PAST                                                                                                    \
	"INSERT INTO review_past (review_id, person_id, why, scores, comment, claimed_at) SELECT id, coalesce(assessor_id, offered_to)," \
	" $2, scores, comment, claimed_at FROM review WHERE coalesce(assessor_id, offered_to) IS NOT NULL AND state IN ('open', 'claimed')"
#define FREED                                                                                                      \
	"offered_to = NULL, offered_at = NULL, assessor_id = NULL, entry_id = NULL, lease_until = NULL, claimed_at = NULL," \
	" reminded = NULL, scores = '{}', comment = NULL, version = version + 1"
static const char PAST_OF_ONE[] = TO_PAST " AND id = $1::uuid";
static const char PAST_OF_ALL[] = TO_PAST " AND submission_id = $1::uuid AND state = 'claimed'";
static const char REVIEW_FREE[] = "UPDATE review SET state = 'open', " FREED " WHERE id = $1::uuid AND state IN ('open', 'claimed')";
static const char REVIEW_CLOSE[] = "UPDATE review SET state = 'closed', " FREED " WHERE submission_id = $1::uuid AND state IN ('open', 'claimed')";
/* Who saves just now is waited for, so that it is in what is kept. */
static const char REVIEW_STOP[] = "SELECT id FROM review WHERE submission_id = $1::uuid ORDER BY id FOR NO KEY UPDATE";

enum skd_outcome store_review_free(struct skd_call *call, const char *id, const char *why)
{
	TRY(db_run(call, PAST_OF_ONE, ARGS(id, why), NULL));
	return db_run(call, REVIEW_FREE, ARGS(id), NULL);
}

enum skd_outcome store_review_close(struct skd_call *call, const char *submission_id, const char *why)
{
	TRY(db_run(call, REVIEW_STOP, ARGS(submission_id), NULL));
	TRY(db_run(call, PAST_OF_ALL, ARGS(submission_id, why), NULL));
	return db_run(call, REVIEW_CLOSE, ARGS(submission_id), NULL);
}

/* ---- as they are told ---- */

static const char READER[] =
	"SELECT s.person_id, coalesce(s.person_id = $3::uuid, false), $2::bool OR ($4::bool AND a.issuer_id IN (SELECT issuers_of($3::uuid))),"
	" EXISTS (SELECT FROM review r WHERE r.submission_id = s.id AND $3::uuid IN (r.assessor_id, r.offered_to))"
	" FROM submission s JOIN achievement a ON a.id = s.achievement_id WHERE s.id = $1::uuid";

enum skd_outcome store_reader_find(struct skd_call *call, const struct sight *sight, const char *submission_id, struct store_reader *reader)
{
	struct rows *rows;
	TRY(db_query(call, READER, ARGS(submission_id, arg_bool(sight->everyone), sight->self, arg_bool(sight->issued)), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "there is no such submission");
	*reader = (struct store_reader){row_uuid(rows, 0, 0), row_bool(rows, 0, 1), row_bool(rows, 0, 2), row_bool(rows, 0, 3)};
	return SKD_OK;
}

/* $1 submission, $2 who reads, $3 whether it is theirs, $4 whether they own what it is for. */
static const char TOLD[] =
	"SELECT r.id, CASE WHEN x.named THEN a.id END, CASE WHEN x.named THEN a.name END, r.round, r.place, (r.points * 100)::bigint, r.verdict,"
	" r.comment, (SELECT coalesce(json_agg(json_strip_nulls(json_build_object('criterion', json_build_object('id', c.item->'id',"
	"   'name', c.item->'name'), 'level', (SELECT json_build_object('id', l->'id', 'name', l->'name') FROM json_array_elements(c.item->'levels') AS l"
	"    WHERE l->>'id' = r.scores->(c.item->>'id')->>'level'), 'comment', r.scores->(c.item->>'id')->'comment')) ORDER BY c.n), '[]')"
	"  FROM json_array_elements(v.results) WITH ORDINALITY AS c (item, n) WHERE r.scores->(c.item->>'id') IS NOT NULL), r.done_at"
	" FROM review r JOIN submission s ON s.id = r.submission_id JOIN achievement_version v ON v.achievement_id = s.achievement_id"
	" AND v.number = s.achievement_number LEFT JOIN person a ON a.id = r.assessor_id"
	" LEFT JOIN submission_round l ON l.submission_id = r.submission_id AND l.round = r.round"
	" CROSS JOIN LATERAL (SELECT ($4::bool AND NOT $3::bool) OR NOT (v.assessment->>'blind')::bool AS named) AS x"
	" WHERE r.submission_id = $1::uuid AND r.state = 'done' AND CASE WHEN $3::bool THEN l.outcome IN ('approved', 'returned', 'declined')"
	"  ELSE ($4::bool OR EXISTS (SELECT FROM review m WHERE m.submission_id = s.id AND m.round = r.round AND m.state = 'done'"
	"    AND m.assessor_id = $2::uuid)) AND NOT EXISTS (SELECT FROM review m WHERE m.submission_id = s.id AND m.round = r.round"
	"   AND m.state IN ('open', 'claimed') AND $2::uuid IN (m.assessor_id, m.offered_to)) END ORDER BY r.round, r.place";

enum skd_outcome store_told_list(struct skd_call *call, const char *self, const struct store_reader *reader, const char *submission_id,
				 struct store_told **told, size_t *count)
{
	struct rows *rows;
	TRY(db_query(call, TOLD, ARGS(submission_id, self, arg_bool(reader->own), arg_bool(reader->owner)), &rows));
	*count = (size_t)rows_count(rows);
	*told = talloc_zero_array(call, struct store_told, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		(*told)[i] = (struct store_told){
			.id = row_uuid(rows, i, 0), .assessor_id = row_uuid(rows, i, 1), .assessor = row_text(rows, i, 2),
			.round = row_int(rows, i, 3), .place = row_int(rows, i, 4), .points = row_int(rows, i, 5),
			.verdict = row_text(rows, i, 6), .comment = row_text(rows, i, 7), .scores = row_json(rows, i, 8),
			.done_at = row_time(rows, i, 9)};
	return SKD_OK;
}

/* ---- what was said ---- */

static const char REVIEW_SAID[] =
	"SELECT r.state, r.verdict, r.scores, r.comment FROM review r JOIN submission s ON s.id = r.submission_id AND s.round = r.round"
	" WHERE s.id = $1::uuid ORDER BY r.place";

enum skd_outcome store_review_said(struct skd_call *call, const char *submission_id, struct store_said **said, size_t *count)
{
	struct rows *rows;
	TRY(db_query(call, REVIEW_SAID, ARGS(submission_id), &rows));
	*count = (size_t)rows_count(rows);
	*said = talloc_zero_array(call, struct store_said, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		(*said)[i] = (struct store_said){row_text(rows, i, 0), row_text(rows, i, 1), row_json(rows, i, 2), row_text(rows, i, 3)};
	return SKD_OK;
}

static const char SCORES_READ[] = "SELECT c.key, c.value->>'level', c.value->>'comment' FROM json_each($1::json) AS c";

enum skd_outcome store_scores_read(struct skd_call *call, const char *json, struct store_score **scores, size_t *count)
{
	struct rows *rows;
	TRY(db_query(call, SCORES_READ, ARGS(json), &rows));
	*count = (size_t)rows_count(rows);
	*scores = talloc_zero_array(call, struct store_score, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		(*scores)[i] = (struct store_score){row_text(rows, i, 0), row_text(rows, i, 1), row_text(rows, i, 2)};
	return SKD_OK;
}
