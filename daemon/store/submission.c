/* SPDX-License-Identifier: Apache-2.0
 * Submissions, rounds, events. */
#include "store/submission.h"

#define SUBMISSION_COLUMNS                                                                                               \
	"s.id, s.person_id, p.name, s.entry_id, s.achievement_id, v.name, s.achievement_number, s.claim_id, s.state, s.round," \
	" s.answers, files_named(s.id, s.answers), s.shared, s.submitted_at, s.due_at, s.decided_at, s.credential_id,"   \
	" l.feedback, l.quizzes, coalesce(l.round, 0), s.created_at, s.updated_at, s.version, s.renews"
#define SUBMISSION_FROM                                                                                                  \
	"FROM submission s JOIN person p ON p.id = s.person_id AND (p.human IS NULL OR p.human = p.id)"                  \
	" JOIN achievement_version v ON v.achievement_id = s.achievement_id AND v.number = s.achievement_number"         \
	" LEFT JOIN LATERAL (SELECT r.feedback, r.quizzes, r.round FROM submission_round r WHERE r.submission_id = s.id" \
	"  ORDER BY r.round DESC LIMIT 1) AS l ON true"

static void submission_read(const struct rows *rows, int i, struct store_submission *s)
{
	*s = (struct store_submission){
		.id = row_uuid(rows, i, 0), .person_id = row_uuid(rows, i, 1), .person = row_text(rows, i, 2),
		.entry_id = row_uuid(rows, i, 3), .achievement_id = row_uuid(rows, i, 4), .achievement = row_text(rows, i, 5),
		.number = row_int(rows, i, 6), .claim_id = row_uuid(rows, i, 7), .state = row_text(rows, i, 8),
		.round = row_int(rows, i, 9), .answers = row_json(rows, i, 10), .files = row_json(rows, i, 11),
		.shared = row_bool(rows, i, 12), .submitted_at = row_time(rows, i, 13), .due_at = row_time(rows, i, 14),
		.decided_at = row_time(rows, i, 15), .credential_id = row_uuid(rows, i, 16), .feedback = row_text(rows, i, 17),
		.quizzes = row_json(rows, i, 18), .rounds = row_int(rows, i, 19), .created_at = row_time(rows, i, 20),
		.updated_at = row_time(rows, i, 21), .version = row_int(rows, i, 22), .renews = row_uuid(rows, i, 23)};
}

static enum skd_outcome submission_one(struct skd_call *call, const char *sql, struct args args, struct store_submission *submission)
{
	struct rows *rows;
	TRY(db_query(call, sql, args, &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "there is no such submission");
	submission_read(rows, 0, submission);
	return SKD_OK;
}

static const char SUBMISSION_FIND[] = "SELECT " SUBMISSION_COLUMNS " " SUBMISSION_FROM " WHERE s.id = $1::uuid";

enum skd_outcome store_submission_find(struct skd_call *call, const char *id, struct store_submission *submission)
{
	return submission_one(call, SUBMISSION_FIND, ARGS(id), submission);
}

static const char SUBMISSION_GET[] =
	"SELECT " SUBMISSION_COLUMNS " " SUBMISSION_FROM " WHERE s.id = $1::uuid AND (s.person_id = $3::uuid"
	" OR (" SUBMISSION_SHOWN " AND person_seen($2::bool, $3::uuid, $4::bool, s.person_id)))";

enum skd_outcome store_submission_get(struct skd_call *call, const struct sight *sight, const char *id,
				      struct store_submission *submission)
{
	return submission_one(call, SUBMISSION_GET, ARGS(id, arg_bool(sight->everyone), sight->self, arg_bool(sight->issued)),
			      submission);
}

enum skd_outcome store_submission_list(struct skd_call *call, const struct sight *sight,
				       const struct store_submission_filter *f, struct list *list,
				       struct store_submission **submissions, size_t *count)
{
	static const struct list_order orders[] = {{"updated_at", "s.updated_at", "timestamptz"},
						   {"created_at", "s.created_at", "timestamptz"},
						   {"due_at", "coalesce(s.due_at, 'infinity')", "timestamptz"},
						   {NULL, NULL, NULL}};
	static const char where[] =
		SUBMISSION_FROM " WHERE (s.person_id = $2::uuid OR (" SUBMISSION_SHOWN
		"  AND ($1::bool OR s.person_id IN (SELECT people_seen($2::uuid, $3::bool)))))"
		" AND ($4::uuid IS NULL OR s.person_id = $4::uuid) AND ($5::uuid IS NULL OR s.achievement_id = $5::uuid)"
		" AND ($6::text IS NULL OR s.state = $6)";
	struct rows *rows;
	TRY(list_query(call, list, orders, SUBMISSION_COLUMNS, where, "s.id",
		       ARGS(arg_bool(sight->everyone), sight->self, arg_bool(sight->issued), f->person, f->achievement, f->state),
		       &rows, count));
	*submissions = talloc_zero_array(call, struct store_submission, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		submission_read(rows, i, &(*submissions)[i]);
	return SKD_OK;
}

static const char SUBMISSION_OPEN[] =
	"SELECT id FROM submission WHERE person_id = $1::uuid AND achievement_id = $2::uuid"
	" AND state IN ('draft', 'submitted', 'in_review', 'returned')";

enum skd_outcome store_submission_open(struct skd_call *call, const char *person_id, const char *achievement_id, const char **id)
{
	struct rows *rows;
	TRY(db_query(call, SUBMISSION_OPEN, ARGS(person_id, achievement_id), &rows));
	*id = rows_count(rows) ? row_uuid(rows, 0, 0) : NULL;
	return SKD_OK;
}

/* ---- writing ---- */

static const char SUBMISSION_ADD[] =
	"INSERT INTO submission (person_id, entry_id, achievement_id, achievement_number, claim_id, renews)"
	" VALUES ($1::uuid, $2::uuid, $3::uuid, $4::int, $5::uuid, $6::uuid) ON CONFLICT (person_id, achievement_id)"
	" WHERE state IN ('draft', 'submitted', 'in_review', 'returned') DO NOTHING RETURNING id";

enum skd_outcome store_submission_add(struct skd_call *call, const struct store_submission *s, const char **id)
{
	struct rows *rows;
	TRY(db_query(call, SUBMISSION_ADD,
		     ARGS(s->person_id, s->entry_id, s->achievement_id, arg_int(call, s->number), s->claim_id, s->renews), &rows));
	*id = rows_count(rows) ? row_uuid(rows, 0, 0) : NULL;
	return SKD_OK;
}

static const char SUBMISSION_LOCK[] = "SELECT state, round, answers, version FROM submission WHERE id = $1::uuid FOR NO KEY UPDATE";

enum skd_outcome store_submission_lock(struct skd_call *call, struct store_submission *s)
{
	struct rows *rows;
	TRY(db_query(call, SUBMISSION_LOCK, ARGS(s->id), &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "there is no such submission");
	s->state = row_text(rows, 0, 0);
	s->round = row_int(rows, 0, 1);
	s->answers = row_json(rows, 0, 2);
	s->version = row_int(rows, 0, 3);
	return SKD_OK;
}

static enum skd_outcome must_touch(struct skd_call *call, int64_t touched)
{
	return touched ? SKD_OK : fail(call, SKD_STALE, "the submission was changed since you read it: read it again");
}

static const char SUBMISSION_SET[] =
	"UPDATE submission SET answers = $3::json, shared = $4::bool, version = version + 1, updated_at = now()"
	" WHERE id = $1::uuid AND version = $2::int";

enum skd_outcome store_submission_set(struct skd_call *call, const struct store_submission *s)
{
	int64_t touched;
	TRY(db_run(call, SUBMISSION_SET, ARGS(s->id, arg_int(call, s->version), s->answers, arg_bool(s->shared)), &touched));
	return must_touch(call, touched);
}

static const char SUBMISSION_TURN[] =
	"UPDATE submission SET state = $3, round = $4::int, credential_id = $5::uuid, version = version + 1, updated_at = now(),"
	" submitted_at = CASE WHEN $6::int > 0 THEN now() ELSE submitted_at END,"
	" due_at = CASE WHEN $6::int > 0 THEN now() + $6::int * interval '1 day' WHEN $3 = 'in_review' THEN due_at END,"
	" decided_at = CASE WHEN $7::bool THEN now() WHEN $3 IN ('draft', 'submitted') THEN NULL ELSE decided_at END"
	" WHERE id = $1::uuid AND version = $2::int";

enum skd_outcome store_submission_turn(struct skd_call *call, const struct store_submission *s, long days, bool decided)
{
	int64_t touched;
	TRY(db_run(call, SUBMISSION_TURN,
		   ARGS(s->id, arg_int(call, s->version), s->state, arg_int(call, s->round), s->credential_id, arg_int(call, days),
			arg_bool(decided)),
		   &touched));
	return must_touch(call, touched);
}

static const char SUBMISSION_DROP[] = "DELETE FROM submission WHERE id = $1::uuid AND version = $2::int";

enum skd_outcome store_submission_drop(struct skd_call *call, const char *id, long version)
{
	int64_t touched;
	TRY(db_run(call, SUBMISSION_DROP, ARGS(id, arg_int(call, version)), &touched));
	return must_touch(call, touched);
}

/* ---- rounds ---- */

static const char ROUND_ADD[] =
	"INSERT INTO submission_round (submission_id, round, answers, quizzes, submitted_at)"
	" SELECT id, round, answers, $2::json, now() FROM submission WHERE id = $1::uuid";

enum skd_outcome store_round_add(struct skd_call *call, const struct store_submission *s, const char *quizzes)
{
	return db_run(call, ROUND_ADD, ARGS(s->id, quizzes), NULL);
}

static const char ROUND_CLOSE[] =
	"UPDATE submission_round SET outcome = $3, feedback = $4, decided_at = now() WHERE submission_id = $1::uuid AND round = $2::int"
	" AND outcome IS NULL";

enum skd_outcome store_round_close(struct skd_call *call, const struct store_submission *s, const char *outcome, const char *feedback)
{
	return db_run(call, ROUND_CLOSE, ARGS(s->id, arg_int(call, s->round), outcome, feedback), NULL);
}

static const char ROUND_LIST[] =
	"SELECT round, answers, files_named(submission_id, answers), quizzes, outcome, feedback, submitted_at, decided_at"
	" FROM submission_round WHERE submission_id = $1::uuid ORDER BY round";

enum skd_outcome store_round_list(struct skd_call *call, const char *submission_id, struct store_round **rounds, size_t *count)
{
	struct rows *rows;
	TRY(db_query(call, ROUND_LIST, ARGS(submission_id), &rows));
	*count = (size_t)rows_count(rows);
	*rounds = talloc_zero_array(call, struct store_round, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		(*rounds)[i] = (struct store_round){
			.number = row_int(rows, i, 0), .answers = row_json(rows, i, 1), .files = row_json(rows, i, 2),
			.quizzes = row_json(rows, i, 3), .outcome = row_text(rows, i, 4), .feedback = row_text(rows, i, 5),
			.submitted_at = row_time(rows, i, 6), .decided_at = row_time(rows, i, 7)};
	return SKD_OK;
}

/* ---- events ---- */

static const char EVENT_ADD[] =
	"INSERT INTO submission_event (submission_id, round, kind, who) VALUES ($1::uuid, $2::int, $3, who_is($4, $5::uuid, NULL))";

enum skd_outcome store_submission_event_add(struct skd_call *call, const struct store_submission *s, const char *kind,
					    const char *account, const char *account_id)
{
	return db_run(call, EVENT_ADD, ARGS(s->id, arg_int(call, s->round), kind, account, account_id), NULL);
}

static const char EVENT_LIST[] =
	"SELECT e.round, e.kind, CASE WHEN NOT judged_blind(w.account_id, e.submission_id) THEN coalesce(w.account, 'erased') END, e.at"
	" FROM submission_event e JOIN who w ON w.id = e.who"
	" WHERE e.submission_id = $1::uuid ORDER BY e.id";

enum skd_outcome store_submission_events(struct skd_call *call, const char *id, struct store_submission_event **events, size_t *count)
{
	struct rows *rows;
	TRY(db_query(call, EVENT_LIST, ARGS(id), &rows));
	*count = (size_t)rows_count(rows);
	*events = talloc_zero_array(call, struct store_submission_event, *count + 1);
	for (int i = 0; i < (int)*count; i++)
		(*events)[i] = (struct store_submission_event){
			row_int(rows, i, 0), row_text(rows, i, 1), row_text(rows, i, 2), row_time(rows, i, 3)};
	return SKD_OK;
}

/* ---- answers ---- */

static const char ANSWERS_READ[] =
	"SELECT a.key, a.value->>'text', a.value->>'url', ARRAY(SELECT json_array_elements_text(a.value->'files')),"
	" ARRAY(SELECT c.value::text FROM json_array_elements(a.value->'choices') AS c) FROM json_each($1::json) AS a";

enum skd_outcome store_answers_read(struct skd_call *call, const char *json, struct store_prompt_answer **answers, size_t *count)
{
	struct rows *rows;
	TRY(db_query(call, ANSWERS_READ, ARGS(json), &rows));
	*count = (size_t)rows_count(rows);
	*answers = talloc_zero_array(call, struct store_prompt_answer, *count + 1);
	for (int i = 0; i < (int)*count; i++) {
		struct store_prompt_answer *answer = &(*answers)[i];
		*answer = (struct store_prompt_answer){
			.prompt = row_text(rows, i, 0), .text = row_text(rows, i, 1), .url = row_text(rows, i, 2)};
		answer->files = row_texts(rows, i, 3, &answer->file_count);
		answer->choices = row_texts(rows, i, 4, &answer->choice_count);
	}
	return SKD_OK;
}

static const char CLAIM_ACHIEVEMENTS[] =
	"SELECT coalesce(array_agg(v.achievement_id::text ORDER BY v.achievement_id), '{}') FROM claim c JOIN achievement_skill s"
	" ON s.skill_id = c.skill_id AND s.level >= c.level JOIN achievement_version v ON v.achievement_id = s.achievement_id"
	" AND v.number = s.number AND v.state = 'published' AND v.assessment IS NOT NULL WHERE c.id = $1::uuid"
	" AND v.number = (SELECT max(n.number) FROM achievement_version n WHERE n.achievement_id = v.achievement_id"
	"  AND n.state IN ('published', 'archived'))";

enum skd_outcome store_claim_achievements(struct skd_call *call, const char *claim_id, const char *const **ids, size_t *count)
{
	struct rows *rows;
	TRY(db_query(call, CLAIM_ACHIEVEMENTS, ARGS(claim_id), &rows));
	*ids = row_texts(rows, 0, 0, count);
	return SKD_OK;
}
