/* SPDX-License-Identifier: Apache-2.0
 * Assessments out of JSON, and into it. */
#include "api/assessment.h"

#include "rules/assessment.h"

#include <stdlib.h>
#include <string.h>

enum { PLACES_MAX = 20 };

enum skd_outcome places_read(struct skd_call *call, const char *at, const json_t *array, const char **places)
{
	bool there[PLACES_MAX] = {false};
	struct text text;
	size_t i;
	json_t *item;
	if (!json_is_array(array))
		return fail_field(call, at, "must be an array of places, from 0");
	json_array_foreach (array, i, item) {
		json_int_t place = json_is_integer(item) ? json_integer_value(item) : -1;
		if (place < 0 || place >= PLACES_MAX || there[place])
			return fail_field(call, talloc_asprintf(call, "%s/%zu", at, i), "must be a place, from 0, and there once");
		there[place] = true;
	}
	text_begin(&text, call, 32);
	for (int place = 0; place < PLACES_MAX; place++)
		if (there[place])
			text_addf(&text, "%s%d", text.size ? "," : "[", place);
	text_adds(&text, text.size ? "]" : "[]");
	*places = text_end(&text);
	return SKD_OK;
}

/* Objects, each handed over with where it stands. */
static enum skd_outcome item_of(struct skd_call *call, const struct field *fields, const char *at, size_t i, json_t *array,
				const char **where, struct value *values)
{
	json_t *item = json_array_get(array, i);
	*where = talloc_asprintf(call, "%s/%zu", at, i);
	return json_is_object(item) ? fields_object(call, fields, *where, item, false, values)
				    : fail_field(call, *where, "must be an object");
}

static enum skd_outcome questions_read(struct skd_call *call, const char *at, json_t *array, struct store_prompt *prompt)
{
	static const struct field fields[] = {{"text", FIELD_TEXT, .required = true, .most = 2000},
					      {"choices", FIELD_TEXTS, .required = true},
					      {"correct", FIELD_JSON, .required = true},
					      {"points", FIELD_INT, .least = 1, .most = 100},
					      {NULL}};
	if (array && !json_is_array(array))
		return fail_field(call, at, "must be an array of questions");
	prompt->question_count = json_array_size(array);
	prompt->questions = talloc_zero_array(call, struct store_question, prompt->question_count + 1);
	for (size_t i = 0; i < prompt->question_count; i++) {
		struct store_question *question = &prompt->questions[i];
		struct value v[4] = {0};
		const char *where;
		TRY(item_of(call, fields, at, i, array, &where, v));
		*question = (struct store_question){.text = v[0].text, .choices = v[1].texts, .choice_count = v[1].count,
						    .points = v[3].given ? (long)v[3].number : 1};
		TRY(places_read(call, talloc_asprintf(call, "%s/correct", where), v[2].json, &question->correct));
	}
	return SKD_OK;
}

static enum skd_outcome types_check(struct skd_call *call, const char *at, const struct store_prompt *prompt)
{
	for (size_t i = 0; i < prompt->type_count; i++)
		if (!fields_word("application/pdf|image/png|image/jpeg|text/plain|application/zip", prompt->types[i]))
			return fail_field(call, talloc_asprintf(call, "%s/types/%zu", at, i),
					  "must be application/pdf, image/png, image/jpeg, text/plain or application/zip");
	return SKD_OK;
}

static enum skd_outcome prompts_read(struct skd_call *call, json_t *array, struct store_assessment *assessment)
{
	enum { ID, KIND, NAME, DESCRIPTION, REQUIRED, LENGTH, FILES, SIZE, TYPES, QUESTIONS, PASS, COUNT };
	static const struct field fields[COUNT + 1] = {
		[ID] = {"id", FIELD_UUID}, [KIND] = {"kind", FIELD_ENUM, .required = true, .words = "text|link|file|quiz"},
		[NAME] = {"name", FIELD_TEXT, .required = true}, [DESCRIPTION] = {"description", FIELD_TEXT, .most = 10000},
		[REQUIRED] = {"required", FIELD_BOOL}, [LENGTH] = {"max_length", FIELD_INT, .least = 1, .most = 10000},
		[FILES] = {"max_files", FIELD_INT, .least = 1, .most = 20}, [SIZE] = {"max_size", FIELD_INT, .least = 1, .most = 1L << 40},
		[TYPES] = {"types", FIELD_TEXTS}, [QUESTIONS] = {"questions", FIELD_JSON},
		[PASS] = {"pass", FIELD_INT, .least = 1, .most = 10000}};
	if (!json_is_array(array))
		return fail_field(call, "/assessment/prompts", "must be an array of prompts");
	assessment->prompt_count = json_array_size(array);
	assessment->prompts = talloc_zero_array(call, struct store_prompt, assessment->prompt_count + 1);
	for (size_t i = 0; i < assessment->prompt_count; i++) {
		struct store_prompt *prompt = &assessment->prompts[i];
		struct value v[COUNT] = {0};
		const char *at;
		TRY(item_of(call, fields, "/assessment/prompts", i, array, &at, v));
		*prompt = (struct store_prompt){
			.id = v[ID].text, .kind = v[KIND].text, .name = v[NAME].text, .description = v[DESCRIPTION].text,
			.required = !v[REQUIRED].given || v[REQUIRED].number, .max_length = (long)v[LENGTH].number,
			.max_files = (long)v[FILES].number, .max_size = (long)v[SIZE].number, .types = v[TYPES].texts,
			.type_count = v[TYPES].count, .pass = (long)v[PASS].number};
		TRY(types_check(call, at, prompt));
		TRY(questions_read(call, talloc_asprintf(call, "%s/questions", at), v[QUESTIONS].json, prompt));
	}
	return SKD_OK;
}

enum skd_outcome points_read(struct skd_call *call, const char *at, const json_t *json, long *hundredths)
{
	double number = json_number_value(json);
	*hundredths = NO_POINTS;
	if (!json)
		return SKD_OK;
	if (!json_is_number(json) || !(number >= 0 && number <= 1000000))
		return fail_field(call, at, "must be a number from 0 to 1000000");
	*hundredths = (long)(number * 100 + 0.5);
	double rest = number - (double)*hundredths / 100;
	return rest < 1e-9 && rest > -1e-9 ? SKD_OK : fail_field(call, at, "must have at most two decimals");
}

static enum skd_outcome assessment_read(struct skd_call *call, json_t *object, struct store_assessment *assessment)
{
	enum { PROMPTS, MINIMUM, ASSESSORS, BLIND, DAYS, DISAGREEMENT, GROUPS, COUNT };
	static const struct field fields[COUNT + 1] = {
		[PROMPTS] = {"prompts", FIELD_JSON, .required = true}, [MINIMUM] = {"minimum", FIELD_JSON},
		[ASSESSORS] = {"assessors", FIELD_INT, .least = 1, .most = 5}, [BLIND] = {"blind", FIELD_BOOL},
		[DAYS] = {"days", FIELD_INT, .least = 1, .most = 365}, [DISAGREEMENT] = {"disagreement", FIELD_JSON},
		[GROUPS] = {"groups", FIELD_TEXTS, .most = 2000}};
	struct value v[COUNT] = {0};
	TRY(fields_object(call, fields, "/assessment", object, false, v));
	*assessment = (struct store_assessment){
		.assessors = v[ASSESSORS].given ? (long)v[ASSESSORS].number : 1, .days = v[DAYS].given ? (long)v[DAYS].number : 14,
		.blind = v[BLIND].number, .groups = v[GROUPS].texts, .group_count = v[GROUPS].count};
	TRY(points_read(call, "/assessment/minimum", v[MINIMUM].json, &assessment->minimum));
	TRY(points_read(call, "/assessment/disagreement", v[DISAGREEMENT].json, &assessment->disagreement));
	return prompts_read(call, v[PROMPTS].json, assessment);
}

enum skd_outcome assessment_merge(struct skd_call *call, const struct value *value, bool patch, struct store_achievement *a)
{
	json_t *object = value->json, *member;
	const char *key;
	if (!value->given)
		return SKD_OK;
	if (value->null) {
		a->assessment = NULL;
		return SKD_OK;
	}
	if (!json_is_object(object))
		return fail_field(call, "/assessment", "must be an object with prompts");
	if (patch) {
		const char *kept = a->assessment ? a->assessment : "{}";
		TRY(fields_parse(call, kept, strlen(kept), &object));
		json_object_foreach (value->json, key, member)
			json_is_null(member) ? json_object_del(object, key) : json_object_set(object, key, member);
	}
	a->asks = talloc(call, struct store_assessment);
	return assessment_read(call, object, a->asks);
}

/* ---- as it is shown ---- */

static void answers_strip(json_t *assessment)
{
	size_t i, k;
	json_t *prompt, *question;
	json_array_foreach (json_object_get(assessment, "prompts"), i, prompt)
		json_array_foreach (json_object_get(prompt, "questions"), k, question)
			json_object_del(question, "correct");
}

enum skd_outcome assessment_put(struct skd_call *call, struct json *json, const struct store_achievement *a, bool answers)
{
	json_t *object;
	if (!a->assessment)
		return SKD_OK;
	if (answers) {
		put_raw(json, "assessment", a->assessment, strlen(a->assessment));
		return SKD_OK;
	}
	TRY(fields_parse(call, a->assessment, strlen(a->assessment), &object));
	answers_strip(object);
	char *shown = json_dumps(object, JSON_COMPACT);
	if (shown)
		put_raw(json, "assessment", shown, strlen(shown));
	free(shown);
	return shown ? SKD_OK : fail(call, SKD_FAULT, "an assessment cannot be written");
}
