/* SPDX-License-Identifier: Apache-2.0
 * Rubrics: checked, and written as they are kept. */
#include "rules/rubric.h"

#include "base/json.h"
#include "rules/vocabulary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MANY = 50, LEVELS_MAX = 20 };

static bool is_meant(const char *ref, const char *id, const char *name)
{
	return strcmp(ref, id) == 0 || strcmp(ref, name) == 0;
}

static const char *within(struct skd_call *call, const char *at, size_t i, const char *member)
{
	return talloc_asprintf(call, "%s/%zu%s", at, i, member);
}

/* ---- alignments ---- */

static enum skd_outcome alignments_check(struct skd_call *call, const char *at, const struct skd_alignment *list, size_t count)
{
	if (count > MANY)
		return fail_field(call, at, "must be at most %d", MANY);
	for (size_t i = 0; i < count; i++)
		if (list[i].type)
			TRY(vocabulary_check(call, within(call, at, i, "/target_type"), VOCABULARY_ALIGNMENT, list[i].type));
	return SKD_OK;
}

static void alignments_put(struct json *json, const char *key, const struct skd_alignment *list, size_t count)
{
	if (key && !count)
		return;
	put_array(json, key);
	for (size_t i = 0; i < count; i++) {
		put_object(json, NULL);
		put_string(json, "name", list[i].name);
		put_string(json, "url", list[i].url);
		put_string(json, "framework", list[i].framework);
		put_string(json, "code", list[i].code);
		put_string(json, "target_type", list[i].type);
		put_object_end(json);
	}
	put_array_end(json);
}

enum skd_outcome rubric_alignments(struct skd_call *call, const struct skd_alignment *alignments, size_t count,
				   const char **json)
{
	struct text text;
	struct json writer;
	TRY(alignments_check(call, "/alignments", alignments, count));
	text_begin(&text, call, 256);
	json_begin(&writer, &text);
	alignments_put(&writer, NULL, alignments, count);
	*json = text_end(&text);
	return SKD_OK;
}

/* ---- what results there may be ---- */

static const char *id_made(struct skd_call *call, const char *id)
{
	char *made = id ? NULL : talloc_size(call, UUID_SIZE);
	if (made)
		uuid_new(made);
	return id ? id : made;
}

static enum skd_outcome levels_check(struct skd_call *call, const char *at, struct skd_result_description *d)
{
	const char *required = d->required_level;
	if (d->level_count > LEVELS_MAX)
		return fail_field(call, at, "must be at most %d", LEVELS_MAX);
	d->required_level = NULL;
	for (size_t i = 0; i < d->level_count; i++) {
		struct skd_rubric_level *level = &d->levels[i];
		level->id = id_made(call, level->id);
		for (size_t k = 0; k < i; k++)
			if (is_meant(d->levels[k].id, level->id, "") || strcmp(d->levels[k].name, level->name) == 0)
				return fail_field(call, within(call, at, i, ""), "is there twice");
		TRY(alignments_check(call, within(call, at, i, "/alignments"), level->alignments, level->alignment_count));
		if (required && is_meant(required, level->id, level->name))
			d->required_level = level->id;
	}
	return SKD_OK;
}

static size_t value_place(const struct skd_result_description *d, const char *value)
{
	size_t place = 0;
	while (place < d->value_count && strcmp(d->values[place], value) != 0)
		place++;
	return place;
}

static bool has_value(const struct skd_result_description *d, const char *value)
{
	return !d->value_count || value_place(d, value) < d->value_count;
}

/* In decimal notation. */
static bool is_number(const char *text, double *number)
{
	char *end;
	*number = strtod(text, &end);
	return end != text && !*end && !text[strspn(text, "0123456789+-.eE")] && isfinite(*number);
}

static bool is_within(const struct skd_result_description *d, const char *value)
{
	double number, bound;
	if (!d->value_min && !d->value_max)
		return true;
	return is_number(value, &number) && (!d->value_min || (is_number(d->value_min, &bound) && number >= bound)) &&
	       (!d->value_max || (is_number(d->value_max, &bound) && number <= bound));
}

static enum skd_outcome within_check(struct skd_call *call, const char *at, const struct skd_result_description *d,
				     const char *value)
{
	if (is_within(d, value))
		return SKD_OK;
	if (d->value_min && d->value_max)
		return fail_field(call, at, "must be a number from %s to %s", d->value_min, d->value_max);
	return fail_field(call, at, "must be a number of at %s %s", d->value_min ? "least" : "most",
			  d->value_min ? d->value_min : d->value_max);
}

/* Open Badges 3.0 has texts here; only of numbers can it be said that one lies between others. */
static enum skd_outcome range_check(struct skd_call *call, const char *at, const struct skd_result_description *d)
{
	double number;
	if (d->value_min && !is_number(d->value_min, &number))
		return fail_field(call, talloc_asprintf(call, "%s/value_min", at), "must be a number");
	if (d->value_max && !is_number(d->value_max, &number))
		return fail_field(call, talloc_asprintf(call, "%s/value_max", at), "must be a number");
	if (d->value_max && !is_within(d, d->value_max))
		return fail_field(call, talloc_asprintf(call, "%s/value_max", at), "must not be below value_min");
	for (size_t i = 0; i < d->value_count; i++)
		TRY(within_check(call, talloc_asprintf(call, "%s/allowed_values", at), d, d->values[i]));
	return d->required_value ? within_check(call, talloc_asprintf(call, "%s/required_value", at), d, d->required_value)
				 : SKD_OK;
}

static enum skd_outcome description_check(struct skd_call *call, size_t i, struct skd_result_description *d)
{
	const char *at = within(call, "/result_descriptions", i, ""), *required = d->required_level;
	TRY(vocabulary_check(call, talloc_asprintf(call, "%s/result_type", at), VOCABULARY_RESULT, d->type));
	if (d->value_count > MANY)
		return fail_field(call, talloc_asprintf(call, "%s/allowed_values", at), "must be at most %d", MANY);
	if (d->required_value && !has_value(d, d->required_value))
		return fail_field(call, talloc_asprintf(call, "%s/required_value", at), "there is no such value in allowed_values");
	TRY(range_check(call, at, d));
	TRY(alignments_check(call, talloc_asprintf(call, "%s/alignments", at), d->alignments, d->alignment_count));
	TRY(levels_check(call, talloc_asprintf(call, "%s/levels", at), d));
	return !required || d->required_level
		       ? SKD_OK
		       : fail_field(call, talloc_asprintf(call, "%s/required_level", at), "there is no level with that id or name");
}

static void levels_put(struct json *json, const struct skd_result_description *d)
{
	if (!d->level_count)
		return;
	put_array(json, "levels");
	for (size_t i = 0; i < d->level_count; i++) {
		const struct skd_rubric_level *level = &d->levels[i];
		put_object(json, NULL);
		put_string(json, "id", level->id);
		put_string(json, "name", level->name);
		put_string(json, "level", level->level);
		put_string(json, "points", level->points);
		put_string(json, "description", level->description);
		alignments_put(json, "alignments", level->alignments, level->alignment_count);
		put_object_end(json);
	}
	put_array_end(json);
}

static void description_put(struct json *json, const struct skd_result_description *d)
{
	put_object(json, NULL);
	put_string(json, "id", d->id);
	put_string(json, "name", d->name);
	put_string(json, "result_type", d->type);
	if (d->value_count)
		put_array(json, "allowed_values");
	for (size_t i = 0; i < d->value_count; i++)
		put_string(json, NULL, d->values[i]);
	if (d->value_count)
		put_array_end(json);
	put_string(json, "value_min", d->value_min);
	put_string(json, "value_max", d->value_max);
	put_string(json, "required_value", d->required_value);
	put_string(json, "required_level", d->required_level);
	levels_put(json, d);
	alignments_put(json, "alignments", d->alignments, d->alignment_count);
	put_object_end(json);
}

enum skd_outcome rubric_results(struct skd_call *call, struct skd_result_description *results, size_t count,
				const char **json)
{
	struct text text;
	struct json writer;
	if (count > MANY)
		return fail_field(call, "/result_descriptions", "must be at most %d", MANY);
	text_begin(&text, call, 256);
	json_begin(&writer, &text);
	put_array(&writer, NULL);
	for (size_t i = 0; i < count; i++) {
		results[i].id = id_made(call, results[i].id);
		for (size_t k = 0; k < i; k++)
			if (strcmp(results[k].id, results[i].id) == 0 || strcmp(results[k].name, results[i].name) == 0)
				return fail_field(call, within(call, "/result_descriptions", i, ""), "is there twice");
		TRY(description_check(call, i, &results[i]));
		description_put(&writer, &results[i]);
	}
	put_array_end(&writer);
	*json = text_end(&text);
	return SKD_OK;
}

/* ---- what somebody got ---- */

static const struct skd_result_description *description_meant(const struct store_rubric *rubric, const char *ref)
{
	for (size_t i = 0; i < rubric->description_count; i++)
		if (is_meant(ref, rubric->descriptions[i].id, rubric->descriptions[i].name))
			return &rubric->descriptions[i];
	return NULL;
}

static size_t level_place(const struct skd_result_description *d, const char *id)
{
	size_t place = 0;
	while (place < d->level_count && strcmp(d->levels[place].id, id) != 0)
		place++;
	return place;
}

/* A number is required, and it is none. */
static bool is_beside(const struct skd_result_description *d, const char *value)
{
	double number;
	return !d->value_count && is_number(d->required_value, &number) && !is_number(value, &number);
}

/* By their order where they are listed; otherwise only numbers can be compared. */
static bool value_falls_short(const struct skd_result_description *d, const char *value)
{
	double got, required;
	if (d->value_count)
		return value_place(d, value) < value_place(d, d->required_value);
	return is_number(value, &got) && is_number(d->required_value, &required) && got < required;
}

/* Of the statuses of Open Badges 3.0 it is Completed alone that says of somebody that they got what it takes. */
static bool is_unproved(const struct skd_result_description *d, const struct skd_result *result)
{
	bool measured = (d->required_value && result->value) || (d->required_level && result->achieved_level);
	return (d->required_value || d->required_level) && !measured &&
	       (!result->status || strcmp(result->status, "Completed") != 0);
}

/* Values and levels are listed from low to high, and the required one is that which it takes to pass (OB 3.0, ResultDescription). */
static enum skd_outcome required_check(struct skd_call *call, size_t i, const struct skd_result_description *d,
				       const struct skd_result *result)
{
	if (result->value && d->required_value && is_beside(d, result->value))
		return fail_field(call, within(call, "/results", i, "/value"), "must be a number: %s requires %s", d->name,
				  d->required_value);
	if (result->value && d->required_value && value_falls_short(d, result->value))
		return fail_field(call, within(call, "/results", i, "/value"), "must be at least %s, which %s requires",
				  d->required_value, d->name);
	if (is_unproved(d, result))
		return fail_field(call, within(call, "/results", i, "/status"), "must be Completed where nothing else says that %s"
				  " was passed", d->name);
	if (!result->achieved_level || !d->required_level)
		return SKD_OK;
	size_t required = level_place(d, d->required_level);
	return level_place(d, result->achieved_level) >= required
		       ? SKD_OK
		       : fail_field(call, within(call, "/results", i, "/achieved_level"), "must be at least %s, which %s requires",
				    d->levels[required].name, d->name);
}

static enum skd_outcome awarded_check(struct skd_call *call, size_t i, const struct skd_result_description *d,
				      struct skd_result *result)
{
	const char *achieved = result->achieved_level;
	if (!result->value && !achieved && !result->status)
		return fail_field(call, within(call, "/results", i, ""), "needs a value, an achieved_level or a status");
	if (result->value && !has_value(d, result->value))
		return fail_field(call, within(call, "/results", i, "/value"), "must be one of the values that %s allows", d->name);
	if (result->value)
		TRY(within_check(call, within(call, "/results", i, "/value"), d, result->value));
	result->achieved_level = NULL;
	for (size_t k = 0; achieved && k < d->level_count; k++)
		if (is_meant(achieved, d->levels[k].id, d->levels[k].name))
			result->achieved_level = d->levels[k].id;
	if (achieved && !result->achieved_level)
		return fail_field(call, within(call, "/results", i, "/achieved_level"), "must be a level of %s", d->name);
	if (!result->status && strcmp(d->type, "Status") == 0)
		return fail_field(call, within(call, "/results", i, "/status"), "is required: %s is a status", d->name);
	return result->status ? vocabulary_check(call, within(call, "/results", i, "/status"), VOCABULARY_STATUS, result->status)
			      : SKD_OK;
}

static enum skd_outcome awarded_resolve(struct skd_call *call, const struct store_rubric *rubric, struct skd_result *list,
					size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct skd_result_description *d = description_meant(rubric, list[i].description);
		if (!d)
			return fail_field(call, within(call, "/results", i, "/result_description"),
					  "the achievement describes no such result");
		list[i].description = d->id;
		for (size_t k = 0; k < i; k++)
			if (strcmp(list[k].description, d->id) == 0)
				return fail_field(call, within(call, "/results", i, ""), "is there twice");
		TRY(awarded_check(call, i, d, &list[i]));
		TRY(required_check(call, i, d, &list[i]));
	}
	return SKD_OK;
}

enum skd_outcome rubric_awarded(struct skd_call *call, const char *achievement_id, int64_t version,
				const struct skd_result *results, size_t count, const char **json)
{
	struct skd_result *list = talloc_zero_array(call, struct skd_result, count + 1);
	struct store_rubric rubric;
	struct text text;
	struct json writer;
	if (count > MANY)
		return fail_field(call, "/results", "must be at most %d", MANY);
	for (size_t i = 0; i < count; i++)
		list[i] = results[i];
	if (count) {
		TRY(store_rubric_get(call, achievement_id, version, &rubric));
		TRY(awarded_resolve(call, &rubric, list, count));
	}
	text_begin(&text, call, 128);
	json_begin(&writer, &text);
	put_array(&writer, NULL);
	for (size_t i = 0; i < count; i++) {
		put_object(&writer, NULL);
		put_string(&writer, "result_description", list[i].description);
		put_string(&writer, "value", list[i].value);
		put_string(&writer, "achieved_level", list[i].achieved_level);
		put_string(&writer, "status", list[i].status);
		put_object_end(&writer);
	}
	put_array_end(&writer);
	*json = text_end(&text);
	return SKD_OK;
}

enum skd_outcome rubric_fits(struct skd_call *call, const char *achievement_id, int64_t version, const char *json)
{
	struct skd_result *results;
	size_t count;
	if (strcmp(json, "[]") == 0)
		return SKD_OK;
	TRY(store_rubric_results(call, json, &results, &count));
	return rubric_awarded(call, achievement_id, version, results, count, &json);
}
