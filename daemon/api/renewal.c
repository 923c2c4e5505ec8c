/* SPDX-License-Identifier: Apache-2.0
 * Renewing as JSON: how an achievement has it, and /credentials/{id}/renewal. */
#include "api/renewal.h"

#include "api/assessment.h"
#include "api/nouns.h"
#include "api/submission.h"
#include "rules/renewal.h"

#include <string.h>

static enum skd_outcome policy_read(struct skd_call *call, json_t *object, struct store_policy *policy)
{
	enum { BY, MINIMUM, ASSESSORS, PROMPTS, COURSE, FROM, GRACE, COUNT };
	static const struct field fields[COUNT + 1] = {
		[BY] = {"by", FIELD_ENUM, .words = "evidence|rubric|course"}, [MINIMUM] = {"minimum", FIELD_JSON},
		[ASSESSORS] = {"assessors", FIELD_INT, .least = 1, .most = 5}, [PROMPTS] = {"prompts", FIELD_TEXTS, .most = 36},
		[COURSE] = {"course", FIELD_REF}, [FROM] = {"from", FIELD_PERIOD, .most = 40}, [GRACE] = {"grace", FIELD_PERIOD, .most = 40}};
	struct value v[COUNT] = {0};
	char *course = talloc_size(call, UUID_SIZE);
	TRY(fields_object(call, fields, "/renewal", object, false, v));
	if (v[PROMPTS].given && (!v[PROMPTS].count || v[PROMPTS].count > 50))
		return fail_field(call, "/renewal/prompts", "must be 1 to 50");
	if (v[COURSE].text && !uuid_parse(v[COURSE].text, course))
		return fail_field(call, "/renewal/course", "must be an achievement's id");
	*policy = (struct store_policy){
		.by = v[BY].text, .assessors = (long)v[ASSESSORS].number, .prompts = v[PROMPTS].texts, .prompt_count = v[PROMPTS].count,
		.course = v[COURSE].text ? course : NULL, .from = v[FROM].text, .grace = v[GRACE].text};
	return points_read(call, "/renewal/minimum", v[MINIMUM].json, &policy->minimum);
}

enum skd_outcome renewal_merge(struct skd_call *call, const struct value *value, bool patch, struct store_achievement *a)
{
	const char *kept = a->renewal && !value->null ? a->renewal : NULL, *key;
	json_t *object = NULL, *member;
	if (value->null)
		a->renewal = NULL;
	if (value->given && !value->null && !json_is_object(value->json))
		return fail_field(call, "/renewal", "must be an object with by");
	if (kept)
		TRY(fields_parse(call, kept, strlen(kept), &object));
	if (value->given && !value->null && !patch)
		object = value->json;
	else if (value->given && !value->null) {
		if (!object)
			TRY(fields_parse(call, "{}", 2, &object));
		json_object_foreach (value->json, key, member)
			json_is_null(member) ? json_object_del(object, key) : json_object_set(object, key, member);
	}
	if (!object)
		return SKD_OK;
	a->renews = talloc(call, struct store_policy);
	return policy_read(call, object, a->renews);
}

enum skd_outcome api_renewal_begin(struct skd_call *call, const struct request *in, struct reply *out)
{
	struct store_submission submission;
	bool fresh;
	TRY(renewal_begin(call, in->ids[0], &fresh, &submission));
	if (fresh)
		reply_created(call, out, "/api/v1/submissions", submission.id);
	submission_reply(call, out, &submission);
	return SKD_OK;
}
