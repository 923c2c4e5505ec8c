/* SPDX-License-Identifier: Apache-2.0
 * How credentials are renewed: checked, and written as it is kept. */
#include "rules/policy.h"

#include "rules/assessment.h"

#include <string.h>

static bool is_by(const struct store_policy *policy, const char *by)
{
	return strcmp(policy->by, by) == 0;
}

/* ---- what may be said ---- */

static enum skd_outcome course_check(struct skd_call *call, const struct store_achievement *a, const struct store_policy *policy)
{
	struct store_achievement_link course = {.id = policy->course};
	if (policy->minimum != NO_POINTS || policy->assessors || policy->prompt_count)
		return fail_field(call, "/renewal/by", "is course: nothing is handed in, and nobody judges it");
	if (!course.id)
		return fail_field(call, "/renewal/course", "must be there");
	TRY(store_achievement_names(call, true, &course, 1));
	if (!course.name)
		return fail_field(call, "/renewal/course", "there is no such achievement");
	return a->id && strcmp(a->id, course.id) == 0 ? fail_field(call, "/renewal/course", "must be another achievement") : SKD_OK;
}

static enum skd_outcome minimum_check(struct skd_call *call, const struct store_achievement *a, const struct store_policy *policy)
{
	struct store_criterion *criteria;
	size_t count;
	long minimum, disagreement, most, all = 0;
	if (is_by(policy, "evidence"))
		return policy->minimum == NO_POINTS ? SKD_OK : fail_field(call, "/renewal/minimum", "is of renewing by the rubric");
	TRY(store_assessment_rubric(call, a->results ? a->results : "[]", a->assessment, &criteria, &count, &minimum, &disagreement));
	if (!count)
		return fail_field(call, "/renewal/by", "takes a rubric: results of type RubricCriterionLevel");
	for (size_t i = 0; i < count; i++)
		if (criteria[i].count && points_parse(criteria[i].points[criteria[i].count - 1], &most))
			all += most;
	return policy->minimum <= all ? SKD_OK : fail_field(call, "/renewal/minimum", "is more than the highest levels of the rubric give together");
}

static enum skd_outcome prompts_check(struct skd_call *call, const struct store_achievement *a, const struct store_policy *policy)
{
	size_t unknown;
	for (size_t i = 0; i < policy->prompt_count; i++)
		for (size_t k = 0; k < i; k++)
			if (strcmp(policy->prompts[i], policy->prompts[k]) == 0)
				return fail_field(call, talloc_asprintf(call, "/renewal/prompts/%zu", i), "is there twice");
	TRY(store_policy_prompts(call, a->assessment, policy, &unknown));
	return unknown == policy->prompt_count
		       ? SKD_OK
		       : fail_field(call, talloc_asprintf(call, "/renewal/prompts/%zu", unknown), "must be the id of a prompt of the assessment");
}

static enum skd_outcome handed_in_check(struct skd_call *call, const struct store_achievement *a, const struct store_policy *policy)
{
	if (policy->course)
		return fail_field(call, "/renewal/course", "is of renewing by a course");
	if (!a->assessment)
		return fail_field(call, "/renewal/by", "takes an assessment");
	TRY(prompts_check(call, a, policy));
	return minimum_check(call, a, policy);
}

/* The calendar goes on for longer than that at either end. */
static enum skd_outcome period_check(struct skd_call *call, const char *field, const char *period, int64_t least)
{
	int64_t length, most;
	bool reckoned = time_add_period(0, period, &length) && time_add_period(0, "P100Y", &most);
	if (reckoned && length < least)
		return fail_field(call, field, "must be longer than nothing");
	return reckoned && length <= most ? SKD_OK : fail_field(call, field, "must be at most a hundred years");
}

/* ---- as it is kept ---- */

static const char *policy_write(struct skd_call *call, const struct store_policy *policy)
{
	struct text text;
	struct json json;
	text_begin(&text, call, 256);
	json_begin(&json, &text);
	put_object(&json, NULL);
	put_string(&json, "by", policy->by);
	points_put(call, &json, "minimum", policy->minimum);
	if (policy->assessors)
		put_int(&json, "assessors", policy->assessors);
	if (policy->prompt_count) {
		put_array(&json, "prompts");
		for (size_t i = 0; i < policy->prompt_count; i++)
			put_string(&json, NULL, policy->prompts[i]);
		put_array_end(&json);
	}
	put_string(&json, "course", policy->course);
	put_string(&json, "from", policy->from);
	put_string(&json, "grace", policy->grace);
	put_object_end(&json);
	return text_end(&text);
}

enum skd_outcome policy_fits(struct skd_call *call, struct store_achievement *a)
{
	struct store_policy *policy = a->renews;
	if (!policy)
		return SKD_OK;
	if (!policy->by)
		return fail_field(call, "/renewal/by", "must be there");
	if (!a->validity && !a->lapse)
		return fail_field(call, "/renewal", "takes a validity, or a lapse: what does not expire is not renewed");
	policy->from = policy->from ? policy->from : "P90D";
	TRY(period_check(call, "/renewal/from", policy->from, 1));
	TRY(period_check(call, "/renewal/grace", policy->grace ? policy->grace : "P0D", 0));
	TRY(is_by(policy, "course") ? course_check(call, a, policy) : handed_in_check(call, a, policy));
	a->renewal = policy_write(call, policy);
	return SKD_OK;
}
