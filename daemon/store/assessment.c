/* SPDX-License-Identifier: Apache-2.0
 * Assessments. */
#include "store/assessment.h"

#define THAT_VERSION " WHERE v.achievement_id = $1::uuid AND v.number = $2::int"
#define ASKED_OF "(SELECT achievement_id, number, CASE WHEN $3::bool THEN assessment_again(assessment, renewal) ELSE assessment END AS assessment" \
	" FROM achievement_version WHERE assessment IS NOT NULL) AS v"
#define EACH_PROMPT " FROM " ASKED_OF " CROSS JOIN json_array_elements(v.assessment->'prompts') WITH ORDINALITY AS p (item, n)"
#define AS_HUNDREDTHS "::numeric * 100)::bigint, -1)"

static const char ASSESSMENT[] =
	"SELECT coalesce(((v.assessment->>'minimum')" AS_HUNDREDTHS ", coalesce(((v.assessment->>'disagreement')" AS_HUNDREDTHS ","
	" (v.assessment->>'assessors')::int, (v.assessment->>'days')::int, (v.assessment->>'blind')::bool,"
	" ARRAY(SELECT json_array_elements_text(v.assessment->'groups')), coalesce((v.assessment->>'unscored')::bool, false)"
	" FROM " ASKED_OF THAT_VERSION;
static const char PROMPTS[] =
	"SELECT p.item->>'id', p.item->>'kind', p.item->>'name', p.item->>'description', (p.item->>'required')::bool,"
	" (p.item->>'max_length')::bigint, (p.item->>'max_files')::int, (p.item->>'max_size')::bigint,"
	" ARRAY(SELECT json_array_elements_text(p.item->'types')), (p.item->>'pass')::int" EACH_PROMPT THAT_VERSION " ORDER BY p.n";
static const char QUESTIONS[] =
	"SELECT p.n, q.item->>'text', ARRAY(SELECT json_array_elements_text(q.item->'choices')), q.item->>'correct',"
	" (q.item->>'points')::int" EACH_PROMPT
	" CROSS JOIN json_array_elements(p.item->'questions') WITH ORDINALITY AS q (item, n)" THAT_VERSION " ORDER BY p.n, q.n";

static void prompts_read(struct skd_call *call, const struct rows *rows, struct store_assessment *assessment)
{
	assessment->prompt_count = (size_t)rows_count(rows);
	assessment->prompts = talloc_zero_array(call, struct store_prompt, assessment->prompt_count + 1);
	for (int i = 0; i < rows_count(rows); i++) {
		struct store_prompt *prompt = &assessment->prompts[i];
		*prompt = (struct store_prompt){
			.id = row_text(rows, i, 0), .kind = row_text(rows, i, 1), .name = row_text(rows, i, 2),
			.description = row_text(rows, i, 3), .required = row_bool(rows, i, 4), .max_length = row_int(rows, i, 5),
			.max_files = row_int(rows, i, 6), .max_size = row_int(rows, i, 7), .pass = row_int(rows, i, 9)};
		prompt->types = row_texts(rows, i, 8, &prompt->type_count);
	}
}

static void questions_read(struct skd_call *call, const struct rows *rows, struct store_assessment *assessment)
{
	struct store_question *questions = talloc_zero_array(call, struct store_question, (size_t)rows_count(rows) + 1);
	for (int i = 0; i < rows_count(rows); i++) {
		struct store_prompt *prompt = &assessment->prompts[row_int(rows, i, 0) - 1];
		questions[i] = (struct store_question){
			.text = row_text(rows, i, 1), .correct = row_text(rows, i, 3), .points = row_int(rows, i, 4)};
		questions[i].choices = row_texts(rows, i, 2, &questions[i].choice_count);
		prompt->questions = prompt->question_count ? prompt->questions : &questions[i];
		prompt->question_count++;
	}
}

enum skd_outcome store_assessment_get(struct skd_call *call, const char *achievement_id, int64_t number, bool again,
				      struct store_assessment *assessment)
{
	struct args args = ARGS(achievement_id, arg_int(call, number), arg_bool(again));
	struct rows *rows;
	TRY(db_query(call, ASSESSMENT, args, &rows));
	if (!rows_count(rows))
		return fail(call, SKD_ABSENT, "nothing can be handed in for this achievement");
	*assessment = (struct store_assessment){
		.minimum = row_int(rows, 0, 0), .disagreement = row_int(rows, 0, 1), .assessors = row_int(rows, 0, 2),
		.days = row_int(rows, 0, 3), .blind = row_bool(rows, 0, 4), .unscored = row_bool(rows, 0, 6)};
	assessment->groups = row_texts(rows, 0, 5, &assessment->group_count);
	TRY(db_query(call, PROMPTS, args, &rows));
	prompts_read(call, rows, assessment);
	TRY(db_query(call, QUESTIONS, args, &rows));
	questions_read(call, rows, assessment);
	return SKD_OK;
}

static const char CRITERIA[] =
	"SELECT r.n - 1, ARRAY(SELECT coalesce(l.item->>'points', '') FROM json_array_elements(r.item->'levels')"
	"  WITH ORDINALITY AS l (item, n) ORDER BY l.n), coalesce((($2::json->>'minimum')" AS_HUNDREDTHS ", coalesce((($2::json->>'disagreement')" AS_HUNDREDTHS
	" FROM (SELECT) AS one LEFT JOIN json_array_elements($1::json) WITH ORDINALITY AS r (item, n)"
	" ON r.item->>'result_type' = 'RubricCriterionLevel' ORDER BY r.n";

enum skd_outcome store_assessment_rubric(struct skd_call *call, const char *results, const char *assessment,
					 struct store_criterion **criteria, size_t *count, long *minimum, long *disagreement)
{
	struct rows *rows;
	TRY(db_query(call, CRITERIA, ARGS(results, assessment), &rows));
	*minimum = row_int(rows, 0, 2);
	*disagreement = row_int(rows, 0, 3);
	*count = row_null(rows, 0, 0) ? 0 : (size_t)rows_count(rows);
	*criteria = talloc_zero_array(call, struct store_criterion, *count + 1);
	for (size_t i = 0; i < *count; i++) {
		(*criteria)[i].place = (size_t)row_int(rows, (int)i, 0);
		(*criteria)[i].points = row_texts(rows, (int)i, 1, &(*criteria)[i].count);
	}
	return SKD_OK;
}
