/* SPDX-License-Identifier: Apache-2.0
 * Assessments: checked, and written as they are kept. */
#include "rules/assessment.h"

#include "base/json.h"
#include "rules/actor.h"
#include "rules/issuer.h"
#include "store/submission.h"

#include <stdlib.h>
#include <string.h>

enum { PROMPTS_MAX = 50, QUESTIONS_MAX = 100, CHOICES_MAX = 20, GROUPS_MAX = 50, POINTS_MAX = 100000000 };

bool points_parse(const char *text, long *hundredths)
{
	size_t whole = strspn(text, "0123456789"), part = text[whole] == '.' ? strspn(text + whole + 1, "0123456789") : 0;
	if (!whole || whole > 7 || (text[whole] && (text[whole] != '.' || part < 1 || part > 2 || text[whole + 1 + part])))
		return false;
	*hundredths = strtol(text, NULL, 10) * 100;
	if (part)
		*hundredths += strtol(text + whole + 1, NULL, 10) * (part == 1 ? 10 : 1);
	return *hundredths <= POINTS_MAX;
}

static enum skd_outcome at_fault(struct skd_call *call, size_t prompt, const char *member, const char *why)
{
	return fail_field(call, talloc_asprintf(call, "/assessment/prompts/%zu%s", prompt, member), "%s", why);
}

/* ---- what may be said ---- */

static enum skd_outcome question_check(struct skd_call *call, size_t at, size_t i, struct store_question *question)
{
	const char *where = talloc_asprintf(call, "/assessment/prompts/%zu/questions/%zu", at, i);
	char *end;
	if (question->choice_count < 2 || question->choice_count > CHOICES_MAX)
		return fail_field(call, talloc_asprintf(call, "%s/choices", where), "must be 2 to %d", CHOICES_MAX);
	for (size_t k = 0; k < question->choice_count; k++)
		for (size_t n = 0; n < k; n++)
			if (strcmp(question->choices[k], question->choices[n]) == 0)
				return fail_field(call, talloc_asprintf(call, "%s/choices/%zu", where, k), "is there twice");
	if (strcmp(question->correct, "[]") == 0)
		return fail_field(call, talloc_asprintf(call, "%s/correct", where), "must be one or more places of choices");
	for (const char *place = question->correct; *place && *place != ']'; place = end)
		if (strtol(place + 1, &end, 10) >= (long)question->choice_count)
			return fail_field(call, talloc_asprintf(call, "%s/correct", where), "must be places of choices, from 0");
	return SKD_OK;
}

static enum skd_outcome quiz_check(struct skd_call *call, size_t at, struct store_prompt *prompt)
{
	long points = 0;
	if (!prompt->question_count || prompt->question_count > QUESTIONS_MAX)
		return at_fault(call, at, "/questions", "must be 1 to 100");
	for (size_t i = 0; i < prompt->question_count; i++) {
		TRY(question_check(call, at, i, &prompt->questions[i]));
		points += prompt->questions[i].points;
	}
	return prompt->pass <= points ? SKD_OK : at_fault(call, at, "/pass", "is more than all questions give together");
}

/* What is said of it is of its kind. */
static enum skd_outcome kind_check(struct skd_call *call, size_t at, struct store_prompt *prompt)
{
	bool text = strcmp(prompt->kind, "text") == 0, file = strcmp(prompt->kind, "file") == 0, quiz = strcmp(prompt->kind, "quiz") == 0;
	if (!text && prompt->max_length)
		return at_fault(call, at, "/max_length", "is of texts only");
	if (!file && (prompt->max_files || prompt->max_size || prompt->type_count))
		return at_fault(call, at, prompt->max_files ? "/max_files" : prompt->max_size ? "/max_size" : "/types", "is of files only");
	if (!quiz && (prompt->question_count || prompt->pass))
		return at_fault(call, at, prompt->question_count ? "/questions" : "/pass", "is of a quiz only");
	for (size_t i = 0; i < prompt->type_count; i++)
		for (size_t k = 0; k < i; k++)
			if (strcmp(prompt->types[i], prompt->types[k]) == 0)
				return at_fault(call, at, "/types", "has one twice");
	return quiz ? quiz_check(call, at, prompt) : SKD_OK;
}

static enum skd_outcome prompts_check(struct skd_call *call, struct store_assessment *assessment)
{
	if (!assessment->prompt_count || assessment->prompt_count > PROMPTS_MAX)
		return fail_field(call, "/assessment/prompts", "must be 1 to %d", PROMPTS_MAX);
	for (size_t i = 0; i < assessment->prompt_count; i++) {
		struct store_prompt *prompt = &assessment->prompts[i];
		if (!prompt->id) {
			char *made = talloc_size(call, UUID_SIZE);
			uuid_new(made);
			prompt->id = made;
		}
		for (size_t k = 0; k < i; k++)
			if (strcmp(assessment->prompts[k].id, prompt->id) == 0)
				return at_fault(call, i, "/id", "is there twice");
		TRY(kind_check(call, i, prompt));
	}
	return SKD_OK;
}

static enum skd_outcome judges_check(struct skd_call *call, const struct store_assessment *assessment)
{
	if (assessment->group_count > GROUPS_MAX)
		return fail_field(call, "/assessment/groups", "must be at most %d", GROUPS_MAX);
	for (size_t i = 0; i < assessment->group_count; i++)
		if (!strchr(assessment->groups[i], '='))
			return fail_field(call, talloc_asprintf(call, "/assessment/groups/%zu", i), "must be the DN of a group");
	return assessment->disagreement == NO_POINTS || assessment->assessors > 1
		       ? SKD_OK
		       : fail_field(call, "/assessment/disagreement", "takes two assessors or more");
}

/* ---- as it is kept ---- */

static void texts_put(struct json *json, const char *key, const char *const *texts, size_t count)
{
	put_array(json, key);
	for (size_t i = 0; i < count; i++)
		put_string(json, NULL, texts[i]);
	put_array_end(json);
}

static void question_put(struct json *json, const struct store_question *question)
{
	put_object(json, NULL);
	put_string(json, "text", question->text);
	texts_put(json, "choices", question->choices, question->choice_count);
	put_raw(json, "correct", question->correct, strlen(question->correct));
	put_int(json, "points", question->points);
	put_object_end(json);
}

static void prompt_put(struct json *json, const struct store_prompt *prompt)
{
	put_object(json, NULL);
	put_string(json, "id", prompt->id);
	put_string(json, "kind", prompt->kind);
	put_string(json, "name", prompt->name);
	put_string(json, "description", prompt->description);
	put_bool(json, "required", prompt->required);
	if (prompt->max_length)
		put_int(json, "max_length", prompt->max_length);
	if (prompt->max_files)
		put_int(json, "max_files", prompt->max_files);
	if (prompt->max_size)
		put_int(json, "max_size", prompt->max_size);
	if (prompt->type_count)
		texts_put(json, "types", prompt->types, prompt->type_count);
	if (prompt->question_count)
		put_array(json, "questions");
	for (size_t i = 0; i < prompt->question_count; i++)
		question_put(json, &prompt->questions[i]);
	if (prompt->question_count)
		put_array_end(json);
	if (prompt->pass)
		put_int(json, "pass", prompt->pass);
	put_object_end(json);
}

void points_put(struct skd_call *call, struct json *json, const char *key, long hundredths)
{
	const char *text = hundredths % 100 == 0  ? talloc_asprintf(call, "%ld", hundredths / 100)
			   : hundredths % 10 == 0 ? talloc_asprintf(call, "%ld.%ld", hundredths / 100, hundredths % 100 / 10)
						  : talloc_asprintf(call, "%ld.%02ld", hundredths / 100, hundredths % 100);
	if (hundredths != NO_POINTS)
		put_raw(json, key, text, strlen(text));
}

enum skd_outcome assessment_write(struct skd_call *call, struct store_assessment *assessment, const char **written)
{
	struct text text;
	struct json json;
	TRY(prompts_check(call, assessment));
	TRY(judges_check(call, assessment));
	text_begin(&text, call, 1024);
	json_begin(&json, &text);
	put_object(&json, NULL);
	put_array(&json, "prompts");
	for (size_t i = 0; i < assessment->prompt_count; i++)
		prompt_put(&json, &assessment->prompts[i]);
	put_array_end(&json);
	points_put(call, &json, "minimum", assessment->minimum);
	put_int(&json, "assessors", assessment->assessors);
	put_bool(&json, "blind", assessment->blind);
	put_int(&json, "days", assessment->days);
	points_put(call, &json, "disagreement", assessment->disagreement);
	texts_put(&json, "groups", assessment->groups, assessment->group_count);
	put_object_end(&json);
	*written = text_end(&text);
	return SKD_OK;
}

/* ---- with the rubric ---- */

/* Of its last level, which gives the most. */
static enum skd_outcome criterion_check(struct skd_call *call, const struct store_criterion *criterion, long *most)
{
	long before = 0;
	const char *at = talloc_asprintf(call, "/result_descriptions/%zu/levels", criterion->place);
	if (!criterion->count)
		return fail_field(call, at, "must be there: it is judged by them");
	for (size_t i = 0; i < criterion->count; i++) {
		const char *field = talloc_asprintf(call, "%s/%zu/points", at, i);
		if (!points_parse(criterion->points[i], most))
			return fail_field(call, field, "must be a number of points, as 2 or 2.5: it is judged by them");
		if (*most < before)
			return fail_field(call, field, "must not be less than those of the level below");
		before = *most;
	}
	return SKD_OK;
}

enum skd_outcome assessment_fits(struct skd_call *call, const struct store_achievement *achievement)
{
	struct store_criterion *criteria;
	size_t count;
	long minimum, disagreement, most, all = 0;
	if (!achievement->assessment)
		return SKD_OK;
	TRY(store_assessment_rubric(call, achievement->results ? achievement->results : "[]", achievement->assessment, &criteria,
				    &count, &minimum, &disagreement));
	for (size_t i = 0; i < count; i++) {
		TRY(criterion_check(call, &criteria[i], &most));
		all += most;
	}
	if (!count && disagreement != NO_POINTS)
		return fail_field(call, "/assessment/disagreement", "takes a rubric: results of type RubricCriterionLevel");
	return minimum <= all ? SKD_OK : fail_field(call, "/assessment/minimum", "is more than the highest levels of the rubric give together");
}

enum skd_outcome assessment_answers_shown(struct skd_call *call, const struct store_achievement *achievement, bool *shown)
{
	*shown = false;
	if (!achievement->assessment || !actor_has(call, ROLE_CATALOGUE))
		return SKD_OK;
	const char *answering = NULL;
	if (call->actor->person_id)
		TRY(store_submission_open(call, call->actor->person_id, achievement->id, &answering));
	if (answering)
		return SKD_OK;
	enum skd_outcome outcome = issuer_may_write(call, achievement->issuer_id, false);
	*shown = outcome == SKD_OK;
	if (outcome == SKD_DENIED) {
		call_forgive(call);
		return SKD_OK;
	}
	return outcome;
}
