/* SPDX-License-Identifier: Apache-2.0
 * Skills. */
#include "rules/skill.h"

#include "rules/audit.h"
#include "rules/detail.h"
#include "rules/framework.h"
#include "rules/scale.h"

#include <string.h>

enum { SYNONYMS_MAX = 100 };

enum skd_outcome skill_get(struct skd_call *call, const char *id, struct store_skill *skill)
{
	return store_skill_get(call, id, skill);
}

/* An ABSENT that stands for a wrong field. */
static enum skd_outcome blame(struct skd_call *call, enum skd_outcome outcome, const char *field, const char *sentence)
{
	if (outcome != SKD_ABSENT)
		return outcome;
	call_forgive(call);
	return fail_field(call, field, "%s", sentence);
}

enum skd_outcome skill_list(struct skd_call *call, const struct store_skill_filter *asked, struct list *list,
			    struct store_skill **skills, size_t *count)
{
	struct store_skill_filter filter = *asked;
	struct store_framework framework;
	struct store_skill parent;
	if (filter.framework) {
		TRY(framework_pick(call, "framework", filter.framework, &framework));
		filter.framework = framework.id;
	}
	if (filter.parent)
		TRY(blame(call, store_skill_get(call, filter.parent, &parent), "parent", "there is no such skill"));
	return store_skill_list(call, &filter, list, skills, count);
}

/* ---- writing ---- */

static enum skd_outcome synonyms_check(struct skd_call *call, const struct store_skill *skill)
{
	return skill->synonym_count <= SYNONYMS_MAX
		       ? SKD_OK
		       : fail_field(call, "/synonyms", "must be at most %d", SYNONYMS_MAX);
}

static enum skd_outcome parent_find(struct skd_call *call, struct store_skill *skill)
{
	if (!skill->parent_id)
		return SKD_OK;
	return blame(call, store_skill_within(call, skill->framework_id, skill->parent_id, &skill->parent_id),
		     "/parent_id", "there is no such skill in this framework");
}

static const char *skill_detail(struct skd_call *call, const struct store_skill *skill)
{
	return detail_of(call, "framework", skill->framework, "code", skill->code, "label", skill->label, "status",
			 skill->status, NULL);
}

enum skd_outcome skill_add(struct skd_call *call, const char *framework_ref, const char *scale_ref,
			   struct store_skill *skill)
{
	struct store_framework framework;
	struct store_scale scale;
	const char *id;
	TRY(synonyms_check(call, skill));
	TRY(framework_pick(call, "/framework", framework_ref, &framework));
	TRY(scale_pick(call, "/scale", scale_ref ? scale_ref : "default", &scale));
	if (strcmp(framework.state, "active") != 0)
		return fail(call, SKD_CLASH, "the framework %s is archived: it takes no new skills", framework.code);
	if (strcmp(scale.state, "active") != 0)
		return fail(call, SKD_CLASH, "the scale %s is archived: no new skills are put on it", scale.name);
	skill->framework_id = framework.id;
	skill->scale_id = scale.id;
	TRY(parent_find(call, skill));
	enum skd_outcome outcome = store_skill_add(call, skill, &id);
	if (outcome == SKD_CLASH) {
		call_forgive(call);
		return fail(call, SKD_CLASH, "the framework %s has a skill with the code %s already", framework.code,
			    skill->code);
	}
	TRY(outcome);
	TRY(store_skill_get(call, id, skill));
	return audit_done(call, "skill.add", "skill", id, skill_detail(call, skill));
}

enum skd_outcome skill_set(struct skd_call *call, struct store_skill *skill)
{
	bool loop = false;
	TRY(synonyms_check(call, skill));
	TRY(parent_find(call, skill));
	if (skill->parent_id)
		TRY(store_skill_below(call, skill->framework_id, skill->id, skill->parent_id, &loop));
	if (loop)
		return fail(call, SKD_CLASH, "a skill cannot stand below itself: that parent is the skill or lies below it");
	TRY(store_skill_set(call, skill));
	TRY(store_skill_get(call, skill->id, skill));
	return audit_done(call, "skill.set", "skill", skill->id, skill_detail(call, skill));
}

/* ---- what a reference means ---- */

enum skd_outcome skill_resolve(struct skd_call *call, const char *field, const char *ref, const char *const **ids,
			       size_t *count)
{
	struct store_skill_match *matches;
	TRY(store_skill_match(call, ref, &matches, count));
	if (!*count)
		return fail_field(call, field, "there is no skill with the id, code or label %s", ref);
	const char **out = talloc_array(call, const char *, *count);
	for (size_t i = 0; i < *count; i++)
		out[i] = matches[i].id;
	*ids = out;
	return SKD_OK;
}

enum skd_outcome skill_pick(struct skd_call *call, const char *field, const char *ref,
			    struct store_skill_match *skill)
{
	struct store_skill_match *matches;
	size_t count, active = 0;
	TRY(store_skill_match(call, ref, &matches, &count));
	for (size_t i = 0; i < count; i++) {
		if (!matches[i].active)
			continue;
		*skill = matches[i];
		active++;
	}
	if (!count)
		return fail_field(call, field, "there is no skill with the id, code or label %s", ref);
	if (!active)
		return fail_field(call, field, "the skill %s is archived", ref);
	if (active > 1)
		return fail_field(call, field, "%zu skills have the code or label %s: use the id", active, ref);
	return SKD_OK;
}

enum skd_outcome skill_match_level_check(struct skd_call *call, const char *field,
					 const struct store_skill_match *skill, long level)
{
	if (level >= 1 && level <= skill->levels)
		return SKD_OK;
	return fail_field(call, field, "must be from 1 to %ld, the levels of the scale %s", skill->levels, skill->scale);
}

enum skd_outcome skill_level_check(struct skd_call *call, const char *field, const char *skill_id, long level)
{
	struct store_skill_match *matches;
	size_t count;
	TRY(store_skill_match(call, skill_id, &matches, &count));
	for (size_t i = 0; i < count; i++)
		if (strcmp(matches[i].id, skill_id) == 0)
			return skill_match_level_check(call, field, &matches[i], level);
	return fail(call, SKD_ABSENT, "there is no such skill");
}
