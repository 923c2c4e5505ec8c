/* SPDX-License-Identifier: Apache-2.0
 * The talent directory. */
#include "rules/talent.h"

#include "rules/actor.h"
#include "rules/audit.h"
#include "rules/person.h"
#include "rules/skill.h"
#include "store/human.h"

#include <string.h>

static enum skd_outcome actor_person(struct skd_call *call)
{
	return call->actor->person_id ? SKD_OK : fail(call, SKD_DENIED, "this account is no person of the directory");
}

enum skd_outcome talent_mine(struct skd_call *call, struct store_talent *talent)
{
	TRY(actor_person(call));
	return store_talent_get(call, call->actor->person_id, talent);
}

static enum skd_outcome interests_check(struct skd_call *call, const struct store_talent *t)
{
	if (t->interest_count > TALENT_INTERESTS)
		return fail_field(call, "/interests", "must be at most %d", TALENT_INTERESTS);
	for (size_t i = 0; i < t->interest_count; i++)
		for (size_t j = 0; j < i; j++)
			if (strcmp(t->interests[i], t->interests[j]) == 0)
				return fail_field(call, talloc_asprintf(call, "/interests/%zu", i), "is there twice");
	return SKD_OK;
}

enum skd_outcome talent_set(struct skd_call *call, struct store_talent *talent)
{
	const char *human;
	TRY(actor_person(call));
	TRY(interests_check(call, talent));
	TRY(store_human_hold(call, call->actor->entry_id, &human));
	TRY(store_talent_put(call, human, talent));
	TRY(audit_done(call, "talent.set", "talent", human, talent->listed ? "{\"listed\":true}" : "{\"listed\":false}"));
	return store_talent_get(call, human, talent);
}

enum skd_outcome talent_list(struct skd_call *call, const struct talent_filter *asked, struct list *list,
			     struct store_talent **talents, size_t *count)
{
	struct store_talent_filter filter = {.min_level = asked->min_level, .unit = asked->unit, .q = asked->q};
	TRY(unit_must_exist(call, "unit", asked->unit));
	if (asked->skill)
		TRY(skill_resolve(call, "skill", asked->skill, &filter.skills, &filter.skill_count));
	return store_talent_list(call, &filter, list, talents, count);
}
